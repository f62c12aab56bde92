"""Which state this is, and whether it is the one that was recorded.

Terraform takes a zero-byte state file for an empty state and plans to create everything again,
so no plan is made before the state was looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zenstrap import invocation
from zenstrap.errors import StateGuardError

# The format since Terraform 0.12.
_FORMAT = 4


@dataclass(frozen=True)
class StateIdentity:
    """What tells one state from another, and how much is in it.

    Attributes:
        lineage: made up when a state is first written, kept for its life.
        serial: goes up with every change.
        resources: how many resources are in it; data sources don't count.
        written_by: the version of Terraform that wrote it last; unknown in a run's record.
    """

    lineage: str
    serial: int
    resources: int
    written_by: str = field(default="", compare=False)


@dataclass(frozen=True)
class StateResource:
    """One resource in a state.

    Attributes:
        id: the provider's name for it, where there is one.
        switches: its attributes that are true. Terraform destroys by what the state says, whatever
            the configuration says now.
    """

    address: str
    type: str
    id: str | None
    switches: frozenset[str] = frozenset()


def check_state(
    recorded: StateIdentity | None, actual: StateIdentity | None, *, where: str = "the state"
) -> None:
    """Refuse a state that is not the one that the last run recorded, or a later one.

    A record without resources has nothing that could be lost: then a missing state, or one with
    another lineage, is that of an environment that was taken down and is set up anew.

    Raises:
        StateGuardError: missing, foreign, or older.
    """
    if recorded is None:
        return
    if actual is None:
        if recorded.resources:
            raise state_guard(
                "the state is missing",
                where=where,
                why=f"the last run recorded {_resources(recorded)} in it, and without it "
                "everything would be created again",
            )
        return
    if actual.lineage != recorded.lineage:
        if recorded.resources:
            raise state_guard(
                "the state belongs to something else",
                where=where,
                why=f"its lineage is {actual.lineage}, and the last run recorded "
                f"{recorded.lineage} with {_resources(recorded)}",
            )
        return
    if actual.serial < recorded.serial:
        raise state_guard(
            "the state is older than the last run",
            where=where,
            why=f"its serial is {actual.serial}, and the last run recorded {recorded.serial}, "
            "so what was created since would be created again",
        )


def read_state(content: bytes, *, where: str) -> StateIdentity:
    """The identity of a state as it lies in its place.

    Raises:
        StateGuardError: empty, truncated, or not a state.
    """
    if not content.strip():
        raise state_guard(
            "the state is empty",
            where=where,
            why="Terraform would take it for a new environment and create everything again",
        )
    return parse_state(content, where=where)


def parse_state(content: bytes | str, *, where: str) -> StateIdentity:
    """The identity of a state's text.

    Raises:
        StateGuardError: truncated, or not a state.
    """
    document = _parse(content, where=where)
    return StateIdentity(
        lineage=document.lineage,
        serial=document.serial,
        resources=sum(len(one.instances) for one in document.resources if one.mode == "managed"),
        written_by=document.terraform_version,
    )


def _parse(content: bytes | str, *, where: str) -> _Document:
    try:
        return _Document.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_context=False)[0]
        truncated = problem["type"] == "json_invalid"
        raise state_guard(
            "the state is damaged",
            where=where,
            why="it is truncated or no JSON" if truncated else "it is no state of Terraform",
        ) from None


def resources_in(content: bytes | str, *, where: str) -> tuple[StateResource, ...]:
    """The managed resources in a state's text.

    Raises:
        StateGuardError: truncated, or not a state.
    """
    return tuple(
        StateResource(
            address=f"{one.module}.{name}" if one.module else name,
            type=one.type,
            id=_id(instance),
            switches=frozenset(k for k, v in (instance.attributes or {}).items() if v is True),
        )
        for one in _parse(content, where=where).resources
        if one.mode == "managed"
        for instance in one.instances
        for name in (f"{one.type}.{one.name}{_index(instance.index_key)}",)
    )


def state_guard(what: str, *, where: str, why: str | None = None) -> StateGuardError:
    """The refusal of a state, with the one way out: nobody but ``recover`` knows what there is."""
    return StateGuardError(
        what,
        where=where,
        why=why,
        fix="See what is left of it, which copy can be put back, and how to go on without one",
        command=invocation.command("recover"),
    )


class _Instance(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    index_key: str | int | None = None
    attributes: dict[str, Any] | None = None


class _Resource(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)
    mode: str
    type: str = ""
    name: str = ""
    module: str | None = None
    instances: list[_Instance] = []


class _Document(BaseModel):
    # Errors must not quote what they were given: a state holds secrets in clear.
    model_config = ConfigDict(hide_input_in_errors=True)
    version: int = Field(ge=_FORMAT, le=_FORMAT)
    lineage: str = Field(min_length=1)
    serial: int = Field(ge=0)
    terraform_version: str = ""
    resources: list[_Resource] = []


def _id(instance: _Instance) -> str | None:
    found = (instance.attributes or {}).get("id")
    return found if isinstance(found, str) else None


def _index(key: str | int | None) -> str:
    return "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"


def _resources(identity: StateIdentity) -> str:
    return f"{identity.resources} resource{'s' if identity.resources != 1 else ''}"
