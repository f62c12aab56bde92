"""Terraform's locks in the state bucket.

Terraform makes an object ``PREFIX/WORKSPACE.tflock`` and deletes it at its end. A killed one
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
        prefix: the environment's own, as its backend has it.
    """

    def __init__(self, client: Client, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def read(self, workspace: str) -> StateLock | None:
        """The lock on a workspace's state; None where there is none, or no bucket.

        Raises:
            GoogleError: Cloud Storage is out of reach, or said no.
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
        """All that there are. Terraform's `init` takes the one on its first workspace."""
        found = (self.read(workspace) for workspace in ("default", environment))
        return tuple(lock for lock in found if lock is not None)

    def free(self, lock: StateLock) -> bool:
        """Delete the very lock that was read. False where it is gone, or another one by now.

        Raises:
            GoogleError: Cloud Storage is out of reach, or said no.
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
