"""Who holds a lease: judged, told, and freed by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zenstrap.errors import LockHeldError
from zenstrap.lease.process import ProcessIdentity, is_running
from zenstrap.lease.record import LeaseRecord
from zenstrap.lease.store import LeaseStore

Clock = Callable[[], datetime]
IsRunning = Callable[[ProcessIdentity], bool | None]


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, judged from here; ``reason`` says why it counts as alive or not."""

    record: LeaseRecord
    alive: bool
    reason: str


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
    return judge(found[0], clock(), is_running) if found else None


def break_lease(store: LeaseStore, environment: str, *, token: str | None = None) -> bool:
    """Free an environment whoever holds it; the holder's next ``check`` fails.

    Args:
        token: of the lease that a person was shown; another one is left alone. None frees
            whatever is there, an unreadable lease too.

    Returns:
        Whether there was something to free.
    """
    if token is None:
        return store.delete(environment, None)
    found = store.read(environment)
    if found is None or found[0].token != token:
        return False
    return store.delete(environment, found[1])


def judge(record: LeaseRecord, now: datetime, is_running: IsRunning) -> Holder:
    """Alive or not. The process beats the clock: a laptop that slept is no dead owner."""
    if record.left:
        return Holder(record, alive=False, reason=f"it ended at {_stamp(record.expires_at)}")
    running = is_running(record.process)
    if running is False:
        return Holder(record, alive=False, reason="its process is gone")
    if running:
        return Holder(record, alive=True, reason="its process is running")
    if now >= record.expires_at:
        return Holder(record, alive=False, reason=f"it expired at {_stamp(record.expires_at)}")
    return Holder(record, alive=True, reason=f"it expires at {_stamp(record.expires_at)}")


def held_error(found: Holder, now: datetime, me: ProcessIdentity) -> LockHeldError:
    """The refusal that names who holds it, since when, for what, and the way out."""
    record = found.record
    environment, process = record.environment, record.process
    if process.machine == me.machine:
        fix = (
            f"Wait for it to end, or end process {process.pid} and run this again; "
            f"its lease is taken over then"
        )
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
    )


def take_over_text(dead: Holder) -> str:
    """What is said when a dead owner's lease is taken."""
    record = dead.record
    return (
        f"Took over the lease on {record.environment} that {record.owner} held on "
        f"{record.process.host} (pid {record.process.pid}) since {_stamp(record.acquired_at)} "
        f"for `{record.command}`: {dead.reason}."
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
