"""The changes to ZenML's registry, field by field: the types of the diff."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, computed_field, model_validator

from zenstrap.redaction import UNKNOWN
from zenstrap.registry.model import (
    VERSION,
    ActualComponent,
    ActualConnector,
    ActualStack,
    DesiredComponent,
    DesiredConnector,
    DesiredStack,
    component_labels,
    connector_labels,
    lasting,
    stack_labels,
)


class Kind(StrEnum):
    """The kinds of registration, in the order in which they are created."""

    CONNECTOR = "connector"
    COMPONENT = "component"
    STACK = "stack"
    ALIAS = "alias"  # a stack too, but one whose components follow the promoted version


class Action(StrEnum):
    """What happens to one registration."""

    CREATE = "create"
    ADOPT = "adopt"  # it isn't ours, but --adopt names it
    UPDATE = "update"
    MARK = "mark"  # it is ours, but lacks the owner's label
    PROMOTE = "promote"  # an alias takes the components of another version
    DELETE = "delete"


class FieldKind(StrEnum):
    """The kind of a registration's field."""

    METHOD = "method"  # of a connector that is created
    FLAVOR = "flavor"  # of a component that is created
    SETTING = "setting"
    CONNECTOR = "connector"  # the connector of a component
    RESOURCE = "resource"  # the resource that a component accesses through its connector
    COMPONENT = "component"  # of a stack; its name is the component's type
    VERSION = "version"  # of a new alias
    LABEL = "label"


class FieldChange(BaseModel):
    """One field of a registration; values as shown to users, None if absent.

    Attributes:
        name: of the setting or label, or the component's type; else the kind's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FieldKind
    name: str
    before: str | None
    after: str | None

    @model_validator(mode="before")
    @classmethod
    def _with_a_kind(cls, data: Any) -> Any:
        """Older versions' plans have only ``field``, which is derived from kind and name now."""
        if not isinstance(data, dict) or "field" not in data:
            return data
        fields = dict(data)
        return {"kind": FieldKind.SETTING, "name": fields.pop("field"), **fields}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def field(self) -> str:
        """The field's name as shown to users."""
        return f"label {self.name}" if self.is_label else self.name

    @property
    def is_label(self) -> bool:
        return self.kind is FieldKind.LABEL

    @property
    def is_known(self) -> bool:
        """Whether its value doesn't depend on outputs that Terraform knows only after the apply."""
        return self.after is None or UNKNOWN not in self.after

    @property
    def is_content(self) -> bool:
        """Whether it is part of a version's content; labels and the link to a connector aren't."""
        return self.kind not in (FieldKind.LABEL, FieldKind.CONNECTOR)


class RegistrationChange(BaseModel):
    """One registration that differs from the configuration.

    Attributes:
        component_type: ZenML's type, for components only (``artifact_store`` …).
        fields: the differing ones; all fields of a new registration.
        note: for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    action: Action
    name: str
    component_type: str | None = None
    fields: tuple[FieldChange, ...] = ()
    note: str = ""

    def field(self, kind: FieldKind, name: str | None = None) -> FieldChange | None:
        """The first field of a kind, and of a name unless that is None."""
        fitting = (f for f in self.fields if f.kind is kind and name in (None, f.name))
        return next(fitting, None)

    @property
    def told(self) -> tuple[FieldChange, ...]:
        """The fields that users are shown; a new registration is described by its note instead."""
        is_new = self.action is Action.CREATE and self.kind is not Kind.ALIAS
        return () if is_new else self.fields

    @property
    def version(self) -> FieldChange | None:
        """The change of an alias's version, if it changes."""
        return self.field(FieldKind.VERSION) or self.field(FieldKind.LABEL, VERSION)


class Registration(BaseModel):
    """One of the environment's registrations in ZenML, as it is after a run.

    Attributes:
        id: its id in ZenML.
        version: of components and stacks; a connector has none.
        component_type: ZenML's type, for components only (``artifact_store`` …).
        project: the ML project that it belongs to; None if all projects share it.
        action: the run's change; None if there was none.
        note: for connectors, whether they were verified, or why not.
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


def connector_fields(
    desired: DesiredConnector, actual: ActualConnector | None
) -> Iterator[FieldChange]:
    """Differing fields of a connector. Of its secrets only the key's fingerprint is compared."""
    if actual is None:
        yield FieldChange(kind=FieldKind.METHOD, name="method", before=None, after=desired.method)
    configuration = actual.configuration if actual else {}
    yield from _differing(FieldKind.SETTING, desired.configuration, configuration)
    yield from _differing_labels(connector_labels(desired), actual)


def component_fields(
    desired: DesiredComponent, actual: ActualComponent | None
) -> Iterator[FieldChange]:
    """Differing fields of a component: settings, connector, labels."""
    if actual is None:
        yield FieldChange(kind=FieldKind.FLAVOR, name="flavor", before=None, after=desired.flavor)
    configuration = actual.configuration if actual else {}
    yield from _differing(FieldKind.SETTING, desired.configuration, configuration)
    connector = desired.connector.name if desired.connector else None
    yield from link_field(actual.connector if actual else None, connector)
    resource = {"resource": actual.resource} if actual else {}
    yield from _differing(FieldKind.RESOURCE, {"resource": desired.resource}, resource)
    yield from _differing_labels(component_labels(desired), actual)


def stack_fields(desired: DesiredStack, actual: ActualStack | None) -> Iterator[FieldChange]:
    """Differing fields of a stack or alias: components, labels."""
    after = {kind: ", ".join(names) for kind, names in desired.by_type.items()}
    components = actual.components if actual else {}
    before = {kind: ", ".join(names) for kind, names in components.items()}
    yield from _differing(FieldKind.COMPONENT, after, before)
    yield from _differing_labels(stack_labels(desired), actual)


def link_field(before: str | None, after: str | None) -> Iterator[FieldChange]:
    """The change of a component's connector, if it changes."""
    yield from _differing(FieldKind.CONNECTOR, {"connector": after}, {"connector": before})


def deletion(kind: Kind, name: str, component_type: str | None = None) -> RegistrationChange:
    """The deletion of a registration.

    Args:
        component_type: for components.
    """
    return RegistrationChange(
        kind=kind,
        action=Action.DELETE,
        name=name,
        component_type=component_type,
        note=component_type or "",
    )


def described(component: DesiredComponent) -> str:
    """A component's flavor and settings on one line."""
    settings = ", ".join(
        f"{key}={_text(value)}" for key, value in sorted(component.configuration.items())
    )
    return f"{component.flavor}: {settings}" if settings else component.flavor


Values = Mapping[str, JsonValue] | Mapping[str, str] | Mapping[str, str | None]


def _differing_labels(
    desired: Mapping[str, str], actual: ActualConnector | ActualComponent | ActualStack | None
) -> Iterator[FieldChange]:
    yield from _differing(FieldKind.LABEL, desired, lasting(actual.labels) if actual else {})


def _differing(kind: FieldKind, desired: Values, actual: Values) -> Iterator[FieldChange]:
    for name in sorted({*desired, *actual}):
        before, after = actual.get(name), desired.get(name)
        if before != after:
            yield FieldChange(kind=kind, name=name, before=_text(before), after=_text(after))


def _text(value: JsonValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)
