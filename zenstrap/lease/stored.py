"""The JSON of a lease as it is stored, beside the record: it is imported when one is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from zenstrap.errors import first_problem

UtcTime = Annotated[
    AwareDatetime,
    Field(strict=False),
    AfterValidator(lambda time: time.astimezone(UTC)),
    PlainSerializer(datetime.isoformat),
]


class StoredOwner(BaseModel):
    """A dead owner; see :class:`zenstrap.lease.record.DeadOwner`."""

    model_config = ConfigDict(strict=True)

    owner: str
    host: str
    acquired_at: UtcTime
    until: UtcTime


class StoredLease(BaseModel):
    """A lease. Unknown keys are ignored: a newer version may have written them."""

    model_config = ConfigDict(strict=True)

    kind: Literal["zenstrap/lease/1"] = Field(alias="schema")
    environment: str
    token: str
    owner: str
    host: str
    machine: str
    pid: int = Field(gt=0)
    process_started: str
    command: str
    acquired_at: UtcTime
    heartbeat_at: UtcTime
    expires_at: UtcTime
    took_over: list[StoredOwner] = []  # missing in leases of older versions


def parse_lease(document: object) -> StoredLease:
    """The lease in a parsed JSON document.

    Raises:
        ValueError: it is not a valid lease, or one of another version; doesn't quote it.
    """
    try:
        return StoredLease.model_validate(document)
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None
