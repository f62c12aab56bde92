"""``unlock``: free what a dead run has left locked and no later run could free by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zenstrap import invocation, stopping
from zenstrap.cli.options import Options
from zenstrap.cli.prompt import ask, can_ask
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import DamagedLeaseError, LockHeldError, RefusedError
from zenstrap.interrupt import Interrupt
from zenstrap.lease import (
    TTL_SECONDS,
    WATCH_SECONDS,
    Holder,
    Lease,
    LeaseStore,
    holder,
    is_silent,
    watch_text,
)
from zenstrap.platforms import platform_of
from zenstrap.terraform.orphans import running_on, still_running
from zenstrap.views import json_view

if TYPE_CHECKING:
    from zenstrap.state_lock import StateLock, StateLocks


@dataclass(frozen=True)
class _Found:
    """What is locked.

    Attributes:
        damaged: why the lease can't be read, with its place.
        silent: the lease was watched, and nobody renewed it.
    """

    lease: Holder | None
    damaged: DamagedLeaseError | None
    locks: tuple[StateLock, ...]
    silent: bool = False

    def lines(self) -> tuple[str, ...]:
        """One line for each, with its holder."""
        lease = []
        if self.lease is not None:
            record = self.lease.record
            lease.append(
                f"lease: {record.owner} on {record.process.host} (pid {record.process.pid}) since "
                f"{record.acquired_at:%Y-%m-%d %H:%M:%S} UTC for `{record.command}`; "
                f"{'it is not renewed' if self.silent else self.lease.reason}"
            )
        if self.damaged is not None:
            lease.append(f"lease: damaged ({self.damaged.where})")
        return (*lease, *(f"state lock: {lock}" for lock in self.locks))


def unlock(config: EnvironmentConfig, options: Options) -> int:
    """Show who holds what, ask, and free it.

    Raises:
        LockHeldError: the lease's holder is alive, or its Terraform is.
        RefusedError: nobody could be asked, or the answer was no.
    """
    platform = platform_of(config)
    stores = platform.stores()
    leases, locks = stores.leases, stores.locks
    pause = Interrupt().wait
    found = _watched(_look(config.environment, leases, locks), leases, pause)
    held = found.lease
    if held is not None and (held.alive or held.by_clock) and not found.silent:
        # Raises: taking a lease is what judges and tells of its holder.
        Lease.acquire(leases, config.environment, "unlock", heartbeat=None, pause=pause).release()
        found = _look(config.environment, leases, locks)  # it ended just now
    state = platform.state_address()
    if at_work := running_on(state):
        raise still_running(state, at_work)
    if found.lines():
        for line in found.lines():
            print(line, file=sys.stderr)
        _ask(config.environment, options)
        _free(config.environment, leases, locks, found)
    _tell(config.environment, options, found.lines())
    return 0


def _look(environment: str, leases: LeaseStore, locks: StateLocks | None) -> _Found:
    held = locks.held(environment) if locks is not None else ()
    try:
        return _Found(holder(leases, environment), None, held)
    except DamagedLeaseError as error:
        return _Found(None, error, held)


def _watched(found: _Found, leases: LeaseStore, pause: Callable[[float], None]) -> _Found:
    """A holder on another machine may be gone though its lease never seems to expire, as its clock
    was ahead; and it may be alive though its lease has expired."""
    if found.lease is None or not found.lease.by_clock:
        return found
    seconds = TTL_SECONDS if found.lease.alive else WATCH_SECONDS
    print(watch_text(found.lease, seconds), file=sys.stderr)
    return replace(found, silent=is_silent(leases, found.lease, seconds, pause))


def _ask(environment: str, options: Options) -> None:
    if options.yes:
        return
    if options.json or not can_ask():
        raise RefusedError(
            f"nobody could be asked whether {environment} may be unlocked",
            why="There is no terminal",
            fix="If the holder is gone, run",
            command=invocation.again(environment, invocation.YES, verb="unlock"),
        )
    question = f"If none of these runs any more, type {environment} to go ahead: "
    if ask(question).strip() != environment:
        raise RefusedError(
            f"{environment} stays locked",
            why="The answer was not its name",
            fix="Run it again",
            command=invocation.again(environment, verb="unlock"),
        )


def _free(environment: str, leases: LeaseStore, locks: StateLocks | None, found: _Found) -> None:
    """What a person was shown and nothing that came since; under a lease of our own."""
    with stopping.current().finishing(stopping.saying("freeing it is finished first")):
        _free_now(environment, leases, locks, found)


def _free_now(
    environment: str, leases: LeaseStore, locks: StateLocks | None, found: _Found
) -> None:
    shown = found.damaged or (found.lease if found.silent else None)
    if shown is not None and not leases.delete(environment, shown.generation):
        raise LockHeldError(
            f"somebody else has changed the lease on {environment} meanwhile",
            why="Nothing was freed",
            fix="See who holds it now",
            command=invocation.again(environment, verb="unlock"),
        )
    with Lease.acquire(leases, environment, "unlock"):
        for lock in found.locks:
            if locks is not None and not locks.free(lock) and locks.read(lock.workspace):
                raise LockHeldError(
                    "somebody else has taken the lock on the state meanwhile",
                    where=lock.place,
                    fix="Wait until that run has ended",
                )


def _tell(environment: str, options: Options, freed: tuple[str, ...]) -> None:
    if options.json:
        options.telling.result(json_view.unlock_object(environment, freed), 0)
    else:
        print(f"{environment} is unlocked" if freed else f"{environment} is not locked")
