"""Who holds a lease, whether that owner is alive, and the messages about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from zenstrap import invocation
from zenstrap.errors import LockHeldError
from zenstrap.lease.process import ProcessIdentity, is_running
from zenstrap.lease.record import LeaseRecord
from zenstrap.lease.store import LeaseStore

Clock = Callable[[], datetime]
IsRunning = Callable[[ProcessIdentity], bool | None]
Pause = Callable[[float], None]

_POLL_SECONDS: Final = 5.0  # between two reads of a lease that is watched


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as seen from this machine.

    Attributes:
        generation: of the lease that was read.
        reason: why the holder counts as alive or dead.
        by_clock: the holder's process can't be checked from this machine, so ``alive`` compares
            two machines' clocks, which may differ; :func:`is_silent` needs no clock.
    """

    record: LeaseRecord
    generation: int
    alive: bool
    reason: str
    by_clock: bool = False


def holder(
    store: LeaseStore,
    environment: str,
    *,
    clock: Clock = lambda: datetime.now(UTC),
    is_running: IsRunning = is_running,
) -> Holder | None:
    """Who holds the lease on an environment, and whether that owner is alive.

    Raises:
        ZenstrapError: the store is out of reach or its lease can't be read.
    """
    stored = store.read(environment)
    return judge(*stored, clock(), is_running) if stored else None


def judge(record: LeaseRecord, generation: int, now: datetime, is_running: IsRunning) -> Holder:
    """Alive or dead. A running process counts more than an expired lease: a laptop may sleep."""
    if record.is_abandoned:
        reason = f"it ended at {_stamp(record.expires_at)}"
        return Holder(record, generation, alive=False, reason=reason)
    running = is_running(record.process)
    if running is not None:
        reason = "its process is running" if running else "its process is gone"
        return Holder(record, generation, alive=running, reason=reason)
    alive = now < record.expires_at
    reason = f"it {'expires' if alive else 'expired'} at {_stamp(record.expires_at)}"
    return Holder(record, generation, alive=alive, reason=reason, by_clock=True)


def is_silent(store: LeaseStore, holder: Holder, seconds: float, pause: Pause) -> bool:
    """Whether a lease isn't renewed while it is watched; a live holder renews it every heartbeat.

    Doesn't depend on any clock.

    Raises:
        ZenstrapError: the store is out of reach.
    """
    for _ in range(math.ceil(seconds / _POLL_SECONDS)):
        pause(_POLL_SECONDS)
        current = store.read(holder.record.environment)
        if current is None or current[1] != holder.generation:
            return False
    return True


def held_error(holder: Holder, now: datetime, me: ProcessIdentity) -> LockHeldError:
    """The error that names who holds the lease, since when, for which command, and the fix."""
    record = holder.record
    environment, process = record.environment, record.process
    command = None
    if process.machine == me.machine:
        fix = (
            f"Wait for it to end, or end process {process.pid} and run this again: "
            f"the new run takes over its lease"
        )
    elif record.expires_at <= now:
        fix = (
            f"Wait for it to end. It still renews its lease; the clock of {process.host} is behind "
            "this machine's"
        )
    elif now + record.ttl < record.expires_at:
        fix = (
            f"Wait for it to end. If {process.host} is gone, free the lease: it doesn't expire in "
            f"time because the clock of {process.host} is ahead of this machine's"
        )
        command = invocation.command("unlock", environment)
    else:
        fix = (
            f"Wait for it to end. If {process.host} is gone, the lease expires at "
            f"{_stamp(record.expires_at)}, and the next run takes it over"
        )
    return LockHeldError(
        f"{record.owner} is changing {environment} from {process.host} (pid {process.pid})",
        why=f"`{record.command}` has held the lease since {_stamp(record.acquired_at)}, "
        f"last heartbeat {_ago(now - record.heartbeat_at)}",
        fix=fix,
        command=command,
    )


def take_over_text(dead: Holder) -> str:
    """The notice when a dead owner's lease is taken over."""
    record = dead.record
    return (
        f"Took over the lease on {record.environment} that {record.owner} held on "
        f"{record.process.host} (pid {record.process.pid}) since {_stamp(record.acquired_at)} "
        f"for `{record.command}`: {dead.reason}."
    )


def watch_text(holder: Holder, seconds: float) -> str:
    """The notice before a lease is watched."""
    process = holder.record.process
    return (
        f"The lease of {holder.record.owner} on {process.host} (pid {process.pid}): "
        f"{holder.reason} by this machine's clock. "
        f"Watching for {seconds:g} s whether it is still renewed."
    )


def loss_text(current: LeaseRecord | None) -> str:
    """How a lease was lost, as half a sentence.

    Args:
        current: the lease that is stored now, if any.
    """
    if current is None:
        return "another user or run freed it"
    process = current.process
    return f"{current.owner} took it over on {process.host} (pid {process.pid})"


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _ago(since: timedelta) -> str:
    seconds = max(0, int(since.total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    minutes = seconds // 60
    return f"{minutes} min ago" if minutes < 120 else f"{minutes // 60} h ago"
