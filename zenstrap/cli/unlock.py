"""``unlock``: releases the lease and state locks of a dead run that no later run can release."""

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
class _Locked:
    """The lease and state locks.

    Attributes:
        damaged: the error if the lease can't be read.
        silent: whether the lease was watched, and its holder didn't renew it.
    """

    lease: Holder | None
    damaged: DamagedLeaseError | None
    locks: tuple[StateLock, ...]
    silent: bool = False

    def lines(self) -> tuple[str, ...]:
        """One line per lease and lock, with its holder."""
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
    """Show the holders, ask for consent, and release lease and locks.

    Raises:
        LockHeldError: the lease's holder is alive, or its Terraform is.
        RefusedError: no prompt was possible, or the answer was no.
    """
    platform = platform_of(config)
    stores = platform.stores()
    leases, locks = stores.leases, stores.locks
    pause = Interrupt().wait
    locked = _watched(_locked(config.environment, leases, locks), leases, pause)
    held = locked.lease
    if held is not None and (held.alive or held.by_clock) and not locked.silent:
        # Raises the error that names a live holder.
        Lease.acquire(leases, config.environment, "unlock", heartbeat=None, pause=pause).release()
        locked = _locked(config.environment, leases, locks)  # the holder has just ended
    state = platform.state_address()
    if running := running_on(state):
        raise still_running(state, running)
    if locked.lines():
        for line in locked.lines():
            print(line, file=sys.stderr)
        _ask(config.environment, options)
        _release(config.environment, leases, locks, locked)
    _print_result(config.environment, options, locked.lines())
    return 0


def _locked(environment: str, leases: LeaseStore, locks: StateLocks | None) -> _Locked:
    held = locks.held(environment) if locks is not None else ()
    try:
        return _Locked(holder(leases, environment), None, held)
    except DamagedLeaseError as error:
        return _Locked(None, error, held)


def _watched(locked: _Locked, leases: LeaseStore, pause: Callable[[float], None]) -> _Locked:
    """Watch whether a holder on another machine renews its lease.

    Clocks differ: a dead holder's lease may seem not to expire, a live one's may seem expired.
    """
    if locked.lease is None or not locked.lease.by_clock:
        return locked
    seconds = TTL_SECONDS if locked.lease.alive else WATCH_SECONDS
    print(watch_text(locked.lease, seconds), file=sys.stderr)
    return replace(locked, silent=is_silent(leases, locked.lease, seconds, pause))


def _ask(environment: str, options: Options) -> None:
    if options.yes:
        return
    if options.json or not can_ask():
        raise RefusedError(
            f"unlocking {environment} needs consent",
            why="There is no terminal to ask on",
            fix="If the holder has ended, run",
            command=invocation.again(environment, invocation.YES, verb="unlock"),
        )
    question = f"If none of these is still running, type {environment} to go ahead: "
    if ask(question).strip() != environment:
        raise RefusedError(
            f"{environment} stays locked",
            why="The answer was not the environment's name",
            fix="Run it again",
            command=invocation.again(environment, verb="unlock"),
        )


def _release(
    environment: str, leases: LeaseStore, locks: StateLocks | None, locked: _Locked
) -> None:
    """Release only what the user was shown, under a lease of this process."""
    with stopping.current().finishing(stopping.saying("the release is finished first")):
        _release_now(environment, leases, locks, locked)


def _release_now(
    environment: str, leases: LeaseStore, locks: StateLocks | None, locked: _Locked
) -> None:
    shown = locked.damaged or (locked.lease if locked.silent else None)
    if shown is not None and not leases.delete(environment, shown.generation):
        raise LockHeldError(
            f"another process has changed the lease on {environment} in the meantime",
            why="Nothing was released",
            fix="Check who holds it now",
            command=invocation.again(environment, verb="unlock"),
        )
    with Lease.acquire(leases, environment, "unlock"):
        for lock in locked.locks:
            if locks is not None and not locks.free(lock) and locks.read(lock.workspace):
                raise LockHeldError(
                    "another process has taken the lock on the state in the meantime",
                    where=lock.place,
                    fix="Wait until that run has ended",
                )


def _print_result(environment: str, options: Options, freed: tuple[str, ...]) -> None:
    if options.json:
        options.telling.result(json_view.unlock_object(environment, freed), 0)
    else:
        print(f"{environment} is unlocked" if freed else f"{environment} is not locked")
