"""A lease store in memory, a clock that is moved by hand, and processes that die on demand."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from zenstrap.errors import ZenstrapError
from zenstrap.lease import LeaseRecord, ProcessIdentity

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class ModelStore:
    """What every store has to do, in the fewest words.

    Attributes:
        meanwhile: done once just before the next write or delete, as by another process.
        broken: the store is out of reach.
    """

    def __init__(self) -> None:
        self.records: dict[str, tuple[LeaseRecord, int]] = {}
        self.meanwhile: Callable[[], object] | None = None
        self.broken = False
        self.writes = 0
        self._generations = itertools.count(1)

    def read(self, environment: str) -> tuple[LeaseRecord, int] | None:
        self._reach()
        return self.records.get(environment)

    def write(self, record: LeaseRecord, if_generation: int | None) -> int | None:
        self._reach()
        self._let_others_go_first()
        found = self.records.get(record.environment)
        if (found[1] if found else None) != if_generation:
            return None
        generation = next(self._generations)
        self.records[record.environment] = (record, generation)
        self.writes += 1
        return generation

    def delete(self, environment: str, if_generation: int | None) -> bool:
        self._reach()
        self._let_others_go_first()
        found = self.records.get(environment)
        if found is None or if_generation not in (None, found[1]):
            return False
        del self.records[environment]
        return True

    def _reach(self) -> None:
        if self.broken:
            raise ZenstrapError("the lease store is out of reach")

    def _let_others_go_first(self) -> None:
        others, self.meanwhile = self.meanwhile, None
        if others:
            others()


class Processes:
    """Which processes are alive, and which of them can be seen from here."""

    def __init__(self) -> None:
        self.dead: set[ProcessIdentity] = set()

    def is_running(self, process: ProcessIdentity) -> bool | None:
        if process.machine == "far":
            return None
        return process not in self.dead


def process(pid: int, machine: str = "near") -> ProcessIdentity:
    return ProcessIdentity(host=f"{machine}-host", machine=machine, pid=pid, started=f"start-{pid}")
