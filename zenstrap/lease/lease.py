"""Acquire, hold, renew and release the lease on one environment."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from zenstrap import invocation
from zenstrap.errors import LockHeldError, ZenstrapError
from zenstrap.events import Emit, Notice, ignore
from zenstrap.lease.ownership import (
    Clock,
    IsRunning,
    Pause,
    held_error,
    is_silent,
    judge,
    loss_text,
    take_over_text,
    watch_text,
)
from zenstrap.lease.process import ProcessIdentity, is_running, this_process
from zenstrap.lease.record import LeaseRecord
from zenstrap.lease.store import LeaseStore
from zenstrap.user import user_name

HEARTBEAT_SECONDS = 15.0
"""Often enough for ``status`` to be current, rare enough to cost nothing on a remote store."""

TTL_SECONDS = 120.0
"""Eight heartbeats: survives a minute without network, and blocks the next run for two minutes only
when a machine is gone for good. For a process on this machine the process itself is checked, so
nobody waits for the expiry."""

WATCH_SECONDS = 3 * HEARTBEAT_SECONDS
"""How long a lease held on another machine is watched after it has expired by this machine's clock:
the holder's clock may be behind while it still sends heartbeats."""

_ATTEMPTS = 5
"""Each lost race means that another run got the lease; several in a row mean something is wrong."""


class Lease:
    """A lease that this process holds; a context manager that releases it.

    Attributes:
        took_over: the dead owner's record, if the lease was taken over from one.
    """

    def __init__(
        self,
        store: LeaseStore,
        record: LeaseRecord,
        generation: int,
        *,
        took_over: LeaseRecord | None,
        emit: Emit,
        on_lost: Callable[[], None],
        clock: Clock,
        ttl: timedelta,
    ) -> None:
        self.took_over = took_over
        self._store = store
        self._record = record
        self._generation = generation
        self._emit = emit
        self._on_lost = on_lost
        self._clock = clock
        self._ttl = ttl
        self._pid = os.getpid()
        self._lost: str | None = None
        self._released = False
        self._guard = threading.RLock()
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def acquire(
        cls,
        store: LeaseStore,
        environment: str,
        command: str,
        *,
        emit: Emit = ignore,
        on_lost: Callable[[], None] = lambda: None,
        clock: Clock = lambda: datetime.now(UTC),
        pause: Pause = time.sleep,
        ttl: float | timedelta = TTL_SECONDS,
        heartbeat: float | timedelta | None = HEARTBEAT_SECONDS,
        stop: threading.Event | None = None,
        me: ProcessIdentity | None = None,
        is_running: IsRunning = is_running,
    ) -> Lease:
        """Acquire the lease or fail at once: there is no queue.

        If a holder on another machine seems to be dead, its lease is watched before it is taken.

        Args:
            command: what this process runs; shown to users who find the lease held.
            emit: gets a notice when a dead owner's lease is taken over, and when ours is lost.
            on_lost: called once when ours is lost, in the thread that notices it.
            pause: waits the given seconds while a lease is watched.
            ttl: seconds (or a timedelta) after the last heartbeat at which the lease expires.
            heartbeat: seconds (or a timedelta) between heartbeats; None for no heartbeat (tests).
            stop: ends the heartbeat; its ``wait`` is the pause between two.
            me: the process that will hold the lease; this one by default.
            is_running: whether another holder's process is alive.

        Raises:
            LockHeldError: a live owner holds it.
            ZenstrapError: the store is out of reach or its lease can't be read.
        """
        ttl = _duration(ttl)
        me = me or this_process()
        for _ in range(_ATTEMPTS):
            stored = store.read(environment)
            previous = judge(*stored, clock(), is_running) if stored else None
            if previous and previous.alive:
                raise held_error(previous, clock(), me)
            if previous and previous.by_clock:
                emit(Notice(watch_text(previous, WATCH_SECONDS)))
                if not is_silent(store, previous, WATCH_SECONDS, pause):
                    current = store.read(environment)
                    if current is not None and current[0].token == previous.record.token:
                        raise held_error(judge(*current, clock(), is_running), clock(), me)
                    continue
            now = clock()
            record = LeaseRecord(
                environment=environment,
                token=os.urandom(16).hex(),
                owner=user_name(),
                process=me,
                command=command,
                acquired_at=now,
                heartbeat_at=now,
                expires_at=now + ttl,
                took_over=previous.record.dead_owners if previous else (),
            )
            generation = store.write(record, stored[1] if stored else None)
            if generation is not None:
                break
        else:
            raise LockHeldError(
                f"the lease on {environment} could not be acquired in {_ATTEMPTS} attempts",
                why="Several runs are competing for it",
                fix="Wait for them to end, then run this again",
            )
        lease = cls(
            store,
            record,
            generation,
            took_over=previous.record if previous else None,
            emit=emit,
            on_lost=on_lost,
            clock=clock,
            ttl=ttl,
        )
        if previous:
            emit(Notice(take_over_text(previous), level="warning"))
        with _held_guard:
            _held[environment] = lease
        if heartbeat is not None:
            lease._start_heartbeat(_duration(heartbeat), stop or threading.Event())
        return lease

    @property
    def record(self) -> LeaseRecord:
        """The record of this lease as it was last written."""
        return self._record

    @property
    def is_lost(self) -> bool:
        """Whether it is known that another run took it or a user freed it; `check` says how."""
        return self._lost is not None

    @property
    def environment(self) -> str:
        """The environment that is locked."""
        return self._record.environment

    def check(self) -> None:
        """Return only if this process still holds the lease; called before every external write.

        Reads the store, and renews the lease if less than half of its time is left.

        Raises:
            LockHeldError: it was taken over, freed or released, or could not be renewed.
            ZenstrapError: the store is out of reach.
        """
        with self._guard:
            self._must_be_ours()
            stored = self._store.read(self.environment)
            if stored is None or stored[0].token != self._record.token:
                self._lose(loss_text(stored[0] if stored else None))
            elif self._clock() + self._ttl / 2 > self._record.expires_at:
                self._renew()
            self._must_be_ours()

    def renew(self) -> bool:
        """One heartbeat: extend the expiry. False once the lease is lost.

        If the store fails, the next heartbeat tries again, until the lease has expired.
        """
        with self._guard:
            if self._lost or self._released or not self._in_own_process():
                return False
            try:
                self._renew()
            except ZenstrapError as error:
                if self._clock() >= self._record.expires_at:
                    self._lose(f"it could not be renewed: {error}")
            return self._lost is None

    def release(self) -> None:
        """Release the lease; a no-op if it is no longer ours, and in a forked child."""
        self._end(self._delete_own)

    def leave(self) -> None:
        """Let the lease expire instead of releasing it, because dead owners' locks still exist.

        The run that takes it over reads those owners from the record.
        """
        self._end(self._expire)

    def _end(self, write: Callable[[], None]) -> None:
        if not self._in_own_process():
            return
        if self._stop:
            self._stop.set()
        with self._guard:
            if not self._released and not self._lost:
                write()
            self._released = True
        with _held_guard:
            if _held.get(self.environment) is self:
                del _held[self.environment]
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=1)  # it is a daemon and may be waiting for a slow store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.release()
        except ZenstrapError as failure:
            # An error of the block matters more; the lease of an ended process is taken over.
            self._emit(Notice(f"The lease was not released. {failure}", level="warning"))

    def _start_heartbeat(self, interval: timedelta, stop: threading.Event) -> None:
        def beat() -> None:
            while not stop.wait(interval.total_seconds()):
                if not self.renew():
                    return

        self._stop = stop
        self._thread = threading.Thread(
            target=beat, name=f"lease on {self.environment}", daemon=True
        )
        self._thread.start()

    def _renew(self) -> None:
        now = self._clock()
        record = replace(self._record, heartbeat_at=now, expires_at=now + self._ttl)
        generation = self._store.write(record, self._generation)
        if generation is not None:
            self._record, self._generation = record, generation
            return
        stored = self._store.read(self.environment)
        if stored and stored[0].token == record.token:
            # Our own write, whose response was lost: the next heartbeat continues from it.
            self._record, self._generation = stored
        else:
            self._lose(loss_text(stored[0] if stored else None))

    def _delete_own(self) -> None:
        if self._store.delete(self.environment, self._generation):
            return
        stored = self._store.read(self.environment)
        if stored and stored[0].token == self._record.token:
            self._store.delete(self.environment, stored[1])

    def _expire(self) -> None:
        now = self._clock()
        record = replace(self._record, heartbeat_at=now, expires_at=now)
        self._store.write(record, self._generation)

    def _lose(self, reason: str) -> None:
        self._lost = reason
        self._emit(
            Notice(
                f"The lease on {self.environment} is lost: {reason}. Nothing more is written.",
                level="error",
            )
        )
        self._on_lost()

    def _must_be_ours(self) -> None:
        if self._released or not self._in_own_process():
            raise _not_held_error(self.environment)
        if self._lost:
            raise LockHeldError(
                f"the lease on {self.environment} is lost, so this run writes nothing more",
                why=self._lost[:1].upper() + self._lost[1:],
                fix="Wait until no other run changes it, then run the same command again: "
                "it continues from the current state",
            )

    def _in_own_process(self) -> bool:
        return self._pid == os.getpid()


def held(environment: str) -> Lease | None:
    """The lease that this process holds on an environment."""
    with _held_guard:
        lease = _held.get(environment)
    return lease if lease and lease._in_own_process() else None


_held: dict[str, Lease] = {}
_held_guard = threading.Lock()


def _not_held_error(environment: str) -> LockHeldError:
    return LockHeldError(
        f"this process does not hold the lease on {environment}",
        why="Only the run that holds an environment's lease may change it",
        fix="Start the run with",
        command=invocation.command("up", environment),
    )


def _duration(value: float | timedelta) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)
