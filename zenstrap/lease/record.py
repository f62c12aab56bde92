"""What a lease says about its owner, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from zenstrap.lease.process import ProcessIdentity

_MOST_DEAD_OWNERS = 50
"""Dead owners that a record keeps: it must not grow without bound."""


@dataclass(frozen=True)
class DeadOwner:
    """An owner whose lease was taken over, and the period in which it may have started something.

    Attributes:
        until: when that lease would have expired; its owner started nothing after that.
    """

    owner: str
    host: str
    acquired_at: datetime
    until: datetime


@dataclass(frozen=True)
class LeaseRecord:
    """One lease as it is stored. All times are in UTC.

    Attributes:
        token: of this acquisition; only the process that has it may renew or release the lease.
        owner: the user's name on ``process.host``.
        command: what the owner runs, for display.
        took_over: dead owners before this one, the newest last, since the lease was last released.
            Terraform locks that they left are recognized by them.
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
    def is_abandoned(self) -> bool:
        """Whether its owner ended without releasing it: it then expires with its heartbeat."""
        return self.expires_at <= self.heartbeat_at

    @property
    def ttl(self) -> timedelta:
        """How long it lasts without a heartbeat."""
        return self.expires_at - self.heartbeat_at

    @property
    def dead_owners(self) -> tuple[DeadOwner, ...]:
        """The dead owners that a run which takes this lease over records: earlier ones and this."""
        own = DeadOwner(self.owner, self.process.host, self.acquired_at, self.expires_at)
        return (*self.took_over, own)[-_MOST_DEAD_OWNERS:]

    def to_json(self) -> dict[str, object]:
        """The JSON object of the record; see :class:`zenstrap.lease.stored.StoredLease`."""
        from zenstrap.lease.stored import StoredLease

        return StoredLease.model_validate(
            {
                "schema": "zenstrap/lease/1",
                "environment": self.environment,
                "token": self.token,
                "owner": self.owner,
                "host": self.process.host,
                "machine": self.process.machine,
                "pid": self.process.pid,
                "process_started": self.process.started,
                "command": self.command,
                "acquired_at": self.acquired_at,
                "heartbeat_at": self.heartbeat_at,
                "expires_at": self.expires_at,
                "took_over": [asdict(owner) for owner in self.took_over],
            }
        ).model_dump(by_alias=True)

    @classmethod
    def from_json(cls, document: object) -> LeaseRecord:
        """The record in a parsed JSON document.

        Raises:
            ValueError: it is not a valid lease record, or one of another version.
        """
        from zenstrap.lease.stored import parse_lease

        stored = parse_lease(document)
        return cls(
            environment=stored.environment,
            token=stored.token,
            owner=stored.owner,
            process=ProcessIdentity(
                host=stored.host,
                machine=stored.machine,
                pid=stored.pid,
                started=stored.process_started,
            ),
            command=stored.command,
            acquired_at=stored.acquired_at,
            heartbeat_at=stored.heartbeat_at,
            expires_at=stored.expires_at,
            took_over=tuple(DeadOwner(**dict(owner)) for owner in stored.took_over),
        )
