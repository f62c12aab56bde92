"""Terraform's lock on a state in the bucket, and whose it is.

Terraform makes an object ``PREFIX/WORKSPACE.tflock`` and deletes it at its end. A killed one
leaves it behind, and every later one refuses to start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zenstrap.events import Emit, Notice
from zenstrap.lease.record import DeadOwner
from zenstrap.platforms.gcp.storage.client import reaching

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

_SECONDS = 20.0
_FRACTION = re.compile(r"(\.\d{6})\d+")  # Go counts nanoseconds


@dataclass(frozen=True)
class StateLock:
    """One lock as it lies in the bucket.

    Attributes:
        place: as a user would name it.
        generation: of the object.
        who: USER@HOST; empty where the object says nothing of the kind, like the two that follow.
        created: in UTC.
        operation: what the holder does, in Terraform's words.
    """

    place: str
    workspace: str
    generation: int
    who: str = ""
    created: datetime | None = None
    operation: str = ""

    def __str__(self) -> str:
        if self.created is None:
            return f"{self.place} (damaged)"
        return f"{self.place}: {self.who} since {self.created:%Y-%m-%d %H:%M:%S} UTC"


class StateLocks:
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


def lock_in(content: bytes, place: str, workspace: str, generation: int) -> StateLock:
    """The lock that an object's content tells of; one without a holder where it can't be read."""
    try:
        found: Any = json.loads(content)
        created = datetime.fromisoformat(_FRACTION.sub(r"\1", str(found["Created"])))
        return StateLock(
            place,
            workspace,
            generation,
            who=str(found["Who"]),
            created=created.replace(tzinfo=created.tzinfo or UTC).astimezone(UTC),
            operation=str(found.get("Operation") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return StateLock(place, workspace, generation)


def is_ours_and_dead(lock: StateLock, dead: Iterable[DeadOwner]) -> bool:
    """Whether a run took this lock whose lease was taken over since, because it is dead.

    Nothing else has the same user, the same host, and a time at which that run held the lease:
    whoever runs Terraform by hand at another time keeps the lock.
    """
    created = lock.created
    return created is not None and any(
        lock.who == _who(owner) and owner.acquired_at <= created <= owner.until for owner in dead
    )


def free_dead_locks(
    locks: StateLocks, environment: str, dead: Sequence[DeadOwner], emit: Emit
) -> None:
    """Free what dead runs have left locked; only for whoever holds the environment's lease.

    Raises:
        GoogleError: Cloud Storage is out of reach, or said no.
    """
    if not dead:
        return
    for lock in locks.held(environment):
        if is_ours_and_dead(lock, dead) and locks.free(lock):
            emit(
                Notice(
                    f"Freed the lock on the state that a killed run of {lock.who} had left.",
                    level="warning",
                )
            )


def _who(owner: DeadOwner) -> str:
    # Terraform leaves the name out where the system has none; a lease then has the number.
    name = "" if owner.owner.startswith("uid ") else owner.owner
    return f"{name}@{owner.host}"
