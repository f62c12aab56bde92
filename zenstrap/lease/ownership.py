"""Who holds a lease: judged, watched and told."""

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

_LOOK_SECONDS: Final = 5.0  # between two looks at a lease that is watched


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, judged from here.

    Attributes:
        generation: of the lease that was judged.
        reason: why it counts as alive or not.
        by_clock: its process can't be looked at from here, so only clocks tell, and the two may
            differ: :func:`is_silent` doesn't depend on that.
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
    """Who holds the lease on an environment, and whether that is a live owner.

    Raises:
        ZenstrapError: the store is out of reach or holds no readable lease.
    """
    found = store.read(environment)
    return judge(*found, clock(), is_running) if found else None


def judge(record: LeaseRecord, generation: int, now: datetime, is_running: IsRunning) -> Holder:
    """Alive or not. The process beats the clock: a laptop that slept is no dead owner."""
    if record.left:
        reason = f"it ended at {_stamp(record.expires_at)}"
        return Holder(record, generation, alive=False, reason=reason)
    running = is_running(record.process)
    if running is not None:
        reason = "its process is running" if running else "its process is gone"
        return Holder(record, generation, alive=running, reason=reason)
    alive = now < record.expires_at
    reason = f"it {'expires' if alive else 'expired'} at {_stamp(record.expires_at)}"
    return Holder(record, generation, alive=alive, reason=reason, by_clock=True)


def is_silent(store: LeaseStore, found: Holder, seconds: float, pause: Pause) -> bool:
    """Whether a lease isn't renewed while it is watched: a live holder renews it all the time.

    Needs nobody's clock to be right.

    Raises:
        ZenstrapError: the store is out of reach.
    """
    for _ in range(math.ceil(seconds / _LOOK_SECONDS)):
        pause(_LOOK_SECONDS)
        now = store.read(found.record.environment)
        if now is None or now[1] != found.generation:
            return False
    return True


def held_error(found: Holder, now: datetime, me: ProcessIdentity) -> LockHeldError:
    """The refusal that names who holds it, since when, for what, and the way out."""
    record = found.record
    environment, process = record.environment, record.process
    command = None
    if process.machine == me.machine:
        fix = (
            f"Wait for it to end, or end process {process.pid} and run this again; "
            f"its lease is taken over then"
        )
    elif record.expires_at <= now:
        fix = "Wait for it to end. Its clock is behind this machine's, and it renews its lease"
    elif now + record.lasts < record.expires_at:
        fix = (
            f"Wait for it to end. Its clock is ahead of this machine's: if {process.host} is gone, "
            "free the lease"
        )
        command = invocation.command("unlock", environment)
    else:
        fix = (
            f"Wait for it to end. If {process.host} is gone, the lease expires by itself at "
            f"{_stamp(record.expires_at)}, and the next run takes it over"
        )
    return LockHeldError(
        f"{record.owner} is changing {environment} from {process.host} (pid {process.pid})",
        why=f"`{record.command}` holds the lease since {_stamp(record.acquired_at)}, "
        f"last heartbeat {_ago(now - record.heartbeat_at)}",
        fix=fix,
        command=command,
    )


def take_over_text(dead: Holder) -> str:
    """What is said when a dead owner's lease is taken."""
    record = dead.record
    return (
        f"Took over the lease on {record.environment} that {record.owner} held on "
        f"{record.process.host} (pid {record.process.pid}) since {_stamp(record.acquired_at)} "
        f"for `{record.command}`: {dead.reason}."
    )


def watch_text(found: Holder, seconds: float) -> str:
    """What is said before a lease is watched."""
    process = found.record.process
    return (
        f"The lease of {found.record.owner} on {process.host} (pid {process.pid}): {found.reason} "
        f"by this machine's clock. Watching for {seconds:g} s whether it is renewed."
    )


def loss_text(now_there: LeaseRecord | None) -> str:
    """How a lease was lost, as half a sentence."""
    if now_there is None:
        return "somebody freed it"
    process = now_there.process
    return f"{now_there.owner} took it on {process.host} (pid {process.pid})"


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _ago(since: timedelta) -> str:
    seconds = max(0, int(since.total_seconds()))
    if seconds < 120:
        return f"{seconds} s ago"
    minutes = seconds // 60
    return f"{minutes} min ago" if minutes < 120 else f"{minutes // 60} h ago"
