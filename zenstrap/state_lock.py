"""Terraform's lock on a state that a killed Terraform left behind, and who holds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pydantic import BaseModel, Field, ValidationError

from zenstrap.events import Emit, Notice
from zenstrap.lease.record import DeadOwner


@dataclass(frozen=True)
class StateLock:
    """One lock on a state.

    Attributes:
        place: path or URL of the lock, for display.
        generation: of the object that holds it; a later lock has another one.
        who: USER@HOST; empty if the object can't be read, as are the next two.
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


class StateLocks(Protocol):
    """The locks on the states of one environment."""

    def read(self, workspace: str) -> StateLock | None:
        """The lock on a workspace's state; None if it isn't locked.

        Raises:
            PlatformError: it can't be read.
        """

    def held(self, environment: str) -> tuple[StateLock, ...]:
        """All locks of an environment. Terraform's `init` locks the default workspace's state."""

    def free(self, lock: StateLock) -> bool:
        """Delete the lock that was read. False if it is gone or was replaced by another.

        Raises:
            PlatformError: it can't be deleted.
        """


class _LockInfo(BaseModel):
    """Terraform's own JSON of a lock."""

    who: str = Field(alias="Who")
    created: datetime = Field(alias="Created")
    operation: str | None = Field(None, alias="Operation")


def lock_in(content: bytes, place: str, workspace: str, generation: int) -> StateLock:
    """The lock in an object's content; without a holder if the content can't be read."""
    try:
        info = _LockInfo.model_validate_json(content)
    except ValidationError:
        return StateLock(place, workspace, generation)
    return StateLock(
        place,
        workspace,
        generation,
        who=info.who,
        created=info.created.replace(tzinfo=info.created.tzinfo or UTC).astimezone(UTC),
        operation=info.operation or "",
    )


def is_ours_and_dead(lock: StateLock, dead: Iterable[DeadOwner]) -> bool:
    """Whether a dead run, whose lease was taken over since, holds this lock.

    It does if user and host are the same and the lock was created while that run held the lease. A
    lock of a Terraform that was started by hand at another time is kept.
    """
    created = lock.created
    return created is not None and any(
        lock.who == _who(owner) and owner.acquired_at <= created <= owner.until for owner in dead
    )


def free_dead_locks(
    locks: StateLocks, environment: str, dead: Sequence[DeadOwner], emit: Emit
) -> None:
    """Free the state locks that dead runs left; only for the run that holds the lease.

    Raises:
        PlatformError: the storage is out of reach or denied access.
    """
    if not dead:
        return
    for lock in locks.held(environment):
        if is_ours_and_dead(lock, dead) and locks.free(lock):
            emit(
                Notice(
                    f"Freed the state lock that a killed run of {lock.who} had left.",
                    level="warning",
                )
            )


def _who(owner: DeadOwner) -> str:
    # Without a user name Terraform leaves it out; a lease then has the numeric uid.
    name = "" if owner.owner.startswith("uid ") else owner.owner
    return f"{name}@{owner.host}"
