"""What a lease says about its owner, and how that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from zenstrap.lease.process import ProcessIdentity

SCHEMA = "zenstrap/lease/1"

_REMEMBERED = 50
"""So many dead owners in a row are no accident; an object in a store can't grow for ever."""


@dataclass(frozen=True)
class DeadOwner:
    """Whose lease was taken over, and in which time that owner may have begun anything.

    Attributes:
        until: when that lease would have expired; nothing is begun after that.
    """

    owner: str
    host: str
    acquired_at: datetime
    until: datetime

    def to_json(self) -> dict[str, str]:
        """Plain values for a JSON object."""
        return {
            "owner": self.owner,
            "host": self.host,
            "acquired_at": self.acquired_at.isoformat(),
            "until": self.until.isoformat(),
        }

    @classmethod
    def from_json(cls, found: object) -> DeadOwner:
        """Raises ValueError where it is none."""
        if not isinstance(found, dict):
            raise ValueError("an owner in its took_over is no JSON object")
        return cls(
            owner=_text(found, "owner"),
            host=_text(found, "host"),
            acquired_at=_time(found, "acquired_at"),
            until=_time(found, "until"),
        )


@dataclass(frozen=True)
class LeaseRecord:
    """One lease as it lies in a store. All times are in UTC.

    Attributes:
        token: of this very acquisition; whoever doesn't know it may not renew or release.
        owner: the user's name on ``process.host``.
        command: what the owner runs, for people.
        took_over: dead owners before this one, the newest last, since the lease was last given
            back. What they left locked is known by them.
    """

    environment: str
    token: str
    owner: str
    process: ProcessIdentity
    command: str
    acquired_at: datetime
    heartbeat_at: datetime
    expires_at: datetime
    took_over: tuple[DeadOwner, ...] = ()

    @property
    def left(self) -> bool:
        """Its owner ended without giving it back; no other lease expires with its heartbeat."""
        return self.expires_at <= self.heartbeat_at

    @property
    def lasts(self) -> timedelta:
        """How long it lasts without a heartbeat, by its owner's own clock."""
        return self.expires_at - self.heartbeat_at

    @property
    def dead_owners(self) -> tuple[DeadOwner, ...]:
        """What whoever takes this lease over has to know: this owner and those before."""
        own = DeadOwner(self.owner, self.process.host, self.acquired_at, self.expires_at)
        return (*self.took_over, own)[-_REMEMBERED:]

    def to_json(self) -> dict[str, object]:
        """Plain values for a JSON object."""
        return {
            "schema": SCHEMA,
            "environment": self.environment,
            "token": self.token,
            "owner": self.owner,
            "host": self.process.host,
            "machine": self.process.machine,
            "pid": self.process.pid,
            "process_started": self.process.started,
            "command": self.command,
            "acquired_at": self.acquired_at.isoformat(),
            "heartbeat_at": self.heartbeat_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "took_over": [owner.to_json() for owner in self.took_over],
        }

    @classmethod
    def from_json(cls, found: object) -> LeaseRecord:
        """The record in a parsed JSON object.

        Raises:
            ValueError: it is no lease record, or one of another version.
        """
        if not isinstance(found, dict):
            raise ValueError("it holds no JSON object")
        if found.get("schema") != SCHEMA:
            raise ValueError(f"its schema is {found.get('schema')!r}, not {SCHEMA!r}")
        pid = found.get("pid")
        if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
            raise ValueError("it has no process id")
        took_over = found.get("took_over", [])  # an older version knows nothing of it
        if not isinstance(took_over, list):
            raise ValueError("its took_over is no list")
        return cls(
            environment=_text(found, "environment"),
            token=_text(found, "token"),
            owner=_text(found, "owner"),
            process=ProcessIdentity(
                host=_text(found, "host"),
                machine=_text(found, "machine"),
                pid=pid,
                started=_text(found, "process_started"),
            ),
            command=_text(found, "command"),
            acquired_at=_time(found, "acquired_at"),
            heartbeat_at=_time(found, "heartbeat_at"),
            expires_at=_time(found, "expires_at"),
            took_over=tuple(DeadOwner.from_json(one) for one in took_over),
        )


def _text(found: dict[object, object], key: str) -> str:
    value = found.get(key)
    if not isinstance(value, str):
        raise ValueError(f"it has no {key}")
    return value


def _time(found: dict[object, object], key: str) -> datetime:
    time = datetime.fromisoformat(_text(found, key))
    if time.tzinfo is None:
        raise ValueError(f"{key} has no time zone")
    return time.astimezone(UTC)
