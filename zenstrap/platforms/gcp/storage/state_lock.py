"""Terraform's locks in the state bucket.

Terraform creates an object ``PREFIX/WORKSPACE.tflock`` and deletes it at its end. A killed process
leaves it behind, and every later one refuses to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.platforms.gcp.storage.client import reaching
from zenstrap.state_lock import StateLock, lock_in

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

_SECONDS = 20.0


class GcsStateLocks:
    """The locks on the states of one environment.

    Args:
        client: acts as the principal that may change the state.
        prefix: the environment's folder, as in its backend.
    """

    def __init__(self, client: Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def read(self, workspace: str) -> StateLock | None:
        """The lock on a workspace's state; None if lock or bucket doesn't exist.

        Raises:
            GoogleError: Cloud Storage is out of reach, or refused the request.
        """
        from google.cloud.exceptions import NotFound

        blob = self._blob(workspace)
        place = f"gs://{self._bucket}/{blob.name}"
        with reaching("the lock on the state can't be read", where=place):
            try:
                content = bytes(blob.download_as_bytes(timeout=_SECONDS))
            except NotFound:
                return None
        return lock_in(content, place, workspace, int(blob.generation or 0))

    def held(self, environment: str) -> tuple[StateLock, ...]:
        """All held locks. Terraform's `init` locks its default workspace."""
        locks = (self.read(workspace) for workspace in ("default", environment))
        return tuple(lock for lock in locks if lock is not None)

    def free(self, lock: StateLock) -> bool:
        """Delete the lock that was read. False if it was deleted or replaced since then.

        Raises:
            GoogleError: Cloud Storage is out of reach, or refused the request.
        """
        from google.cloud.exceptions import NotFound, PreconditionFailed

        with reaching("the lock on the state can't be freed", where=lock.place):
            try:
                self._blob(lock.workspace).delete(
                    if_generation_match=lock.generation, timeout=_SECONDS
                )
            except (NotFound, PreconditionFailed):
                return False
        return True

    def _blob(self, workspace: str) -> Blob:
        return self._client.bucket(self._bucket).blob(f"{self._prefix}/{workspace}.tflock")
