"""What a lease says about its owner, and how that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from zenstrap.lease.process import ProcessIdentity

SCHEMA = "zenstrap/lease/1"


@dataclass(frozen=True)
class LeaseRecord:
    """One lease as it lies in a store. All times are in UTC.

    Attributes:
        token: of this very acquisition; whoever doesn't know it may not renew or release.
        owner: the user's name on ``process.host``.
        command: what the owner runs, for people.
    """

    environment: str
    token: str
    owner: str
    process: ProcessIdentity
    command: str
    acquired_at: datetime
    heartbeat_at: datetime
    expires_at: datetime

    def to_json(self) -> dict[str, str | int]:
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
