"""A state's identity, and whether it is the state that the last run recorded.

Terraform takes a zero-byte state file for an empty state and plans to create everything again,
so the state is checked before each plan.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zenstrap import invocation
from zenstrap.errors import StateGuardError
from zenstrap.words import count

# The format since Terraform 0.12.
_FORMAT = 4


@dataclass(frozen=True)
class StateIdentity:
    """What identifies a state, and how many resources it has.

    Attributes:
        lineage: Terraform's random id of a state, from its first write to its end.
        serial: increases with every change.
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
        id: the provider's id of it, if it has one.
        switches: its attributes that are true. Terraform destroys a resource as the state, not the
            configuration, says.
    """

    address: str
    type: str
    id: str | None
    switches: frozenset[str] = frozenset()


def check_state(
    recorded: StateIdentity | None, actual: StateIdentity | None, *, where: str = "the state"
) -> None:
    """Refuse a state that is neither the recorded one nor a later version of it.

    If the last run recorded no resources, nothing can be lost: a missing state, or one with another
    lineage, then belongs to an environment that was taken down and is set up again.

    Raises:
        StateGuardError: the state is missing, another one, or older than recorded.
    """
    if recorded is None:
        return
    if actual is None:
        if recorded.resources:
            raise state_guard(
                "the state is missing",
                where=where,
                why=f"the last run recorded {count(recorded.resources, 'resource')} in it, and "
                "without it everything would be created again",
            )
        return
    if actual.lineage != recorded.lineage:
        if recorded.resources:
            raise state_guard(
                "the state is not the one that the last run recorded",
                where=where,
                why=f"its lineage is {actual.lineage}, and the last run recorded "
                f"{recorded.lineage} with {count(recorded.resources, 'resource')}",
            )
        return
    if actual.serial < recorded.serial:
        raise state_guard(
            "the state is older than the last run",
            where=where,
            why=f"its serial is {actual.serial}, and the last run recorded {recorded.serial}, "
            "so resources that were created since would be created again",
        )


def read_state(content: bytes, *, where: str) -> StateIdentity:
    """The identity of a state as stored in the backend.

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
        resources=sum(len(r.instances) for r in document.resources if r.mode == "managed"),
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
            why="it is truncated or not valid JSON" if truncated else "it is not a Terraform state",
        ) from None


def resources_in(content: bytes | str, *, where: str) -> tuple[StateResource, ...]:
    """The managed resources in a state's text.

    Raises:
        StateGuardError: truncated, or not a state.
    """
    return tuple(
        StateResource(
            address=f"{resource.module}.{name}" if resource.module else name,
            type=resource.type,
            id=_id(instance),
            switches=frozenset(k for k, v in (instance.attributes or {}).items() if v is True),
        )
        for resource in _parse(content, where=where).resources
        if resource.mode == "managed"
        for instance in resource.instances
        for name in (f"{resource.type}.{resource.name}{_index(instance.index_key)}",)
    )


def state_guard(what: str, *, where: str, why: str | None = None) -> StateGuardError:
    """The error for an unusable state; its fix is always ``recover``, which finds all copies."""
    return StateGuardError(
        what,
        where=where,
        why=why,
        fix="See what is left of it, which copy can be restored, and how to continue without one",
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
    # Errors must not quote their input: a state holds secrets in plain text.
    model_config = ConfigDict(hide_input_in_errors=True)
    version: int = Field(ge=_FORMAT, le=_FORMAT)
    lineage: str = Field(min_length=1)
    serial: int = Field(ge=0)
    terraform_version: str = ""
    resources: list[_Resource] = []


def _id(instance: _Instance) -> str | None:
    id = (instance.attributes or {}).get("id")
    return id if isinstance(id, str) else None


def _index(key: str | int | None) -> str:
    return "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
