"""What would be written to ZenML's registry: the vocabulary of the diff."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """The kinds of registration, in the order in which they are created."""

    CONNECTOR = "connector"
    COMPONENT = "component"
    STACK = "stack"
    ALIAS = "alias"  # a stack too, but one whose components follow the promoted version


class Action(StrEnum):
    """What happens to one registration."""

    CREATE = "create"
    ADOPT = "adopt"  # it is somebody else's, and is taken over where that was asked for by name
    UPDATE = "update"
    MARK = "mark"  # it is ours, and gets the owner's label
    PROMOTE = "promote"  # an alias takes the components of another version
    DELETE = "delete"


class FieldChange(BaseModel):
    """One field of a registration, as people read it; None where it is absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str
    before: str | None
    after: str | None


class RegistrationChange(BaseModel):
    """One registration that differs from what is wanted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    action: Action
    name: str
    fields: tuple[FieldChange, ...] = ()
    note: str = ""


class Registration(BaseModel):
    """One thing of ours in ZenML's registry, as it is after a run.

    Attributes:
        id: ZenML's id of it.
        version: of components and stacks; a connector has none.
        component_type: ZenML's type, for components only (``artifact_store`` …).
        project: the ML project that owns it; None for what all projects share.
        action: what the run did to it; None where it was right already.
        note: for connectors, whether they were seen to work, or why that can't be said.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    name: str
    id: str
    version: str
    content_hash: str
    component_type: str | None = None
    project: str | None = None
    action: Action | None = None
    note: str = ""
