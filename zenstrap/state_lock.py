"""Terraform's lock on a state, where it outlives a killed Terraform, and whose it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from zenstrap.events import Emit, Notice
from zenstrap.lease.record import DeadOwner

_FRACTION = re.compile(r"(\.\d{6})\d+")  # Go counts nanoseconds


@dataclass(frozen=True)
class StateLock:
    """One lock as it lies beside its state.

    Attributes:
        place: as a user would name it.
        generation: of what it is written in; another lock there has another.
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


class StateLocks(Protocol):
    """The locks on the states of one environment."""

    def read(self, workspace: str) -> StateLock | None:
        """The lock on a workspace's state; None where there is none.

        Raises:
            PlatformError: it can't be read.
        """

    def held(self, environment: str) -> tuple[StateLock, ...]:
        """All that there are. Terraform's `init` takes the one on its first workspace."""

    def free(self, lock: StateLock) -> bool:
        """Delete the very lock that was read. False where it is gone, or another one by now.

        Raises:
            PlatformError: it can't be deleted.
        """


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
        PlatformError: Cloud Storage is out of reach, or said no.
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
