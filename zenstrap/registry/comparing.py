"""Field by field: where a registration differs from what is wanted, as people read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from zenstrap.registry.changes import FieldChange
from zenstrap.registry.labels import (
    component_labels,
    connector_labels,
    lasting,
    stack_labels,
)
from zenstrap.registry.model import (
    ActualComponent,
    ActualConnector,
    ActualStack,
    DesiredComponent,
    DesiredConnector,
    DesiredStack,
)

Fields = tuple[FieldChange, ...]
LABEL = "label "  # what the name of a field begins with that is a label


def connector_fields(desired: DesiredConnector, actual: ActualConnector) -> Fields:
    """Where a connector differs. Its secrets can't be compared: their key's fingerprint is."""
    return (
        *_mapping_fields("", desired.configuration, actual.configuration),
        *_label_fields(connector_labels(desired), actual.labels),
    )


def component_fields(desired: DesiredComponent, actual: ActualComponent) -> Fields:
    """Where a component differs: settings, link to its connector, labels."""
    return (
        *_mapping_fields("", desired.configuration, actual.configuration),
        *_mapping_fields("", *_links(desired, actual)),
        *_label_fields(component_labels(desired), actual.labels),
    )


def stack_fields(desired: DesiredStack, actual: ActualStack) -> Fields:
    """Where a stack, or an alias, differs: its components, labels."""
    wanted = {kind: component.name for kind, component in desired.components.items()}
    found = {kind: ", ".join(names) for kind, names in actual.components.items()}
    return (
        *_mapping_fields("", wanted, found),
        *_label_fields(stack_labels(desired), actual.labels),
    )


def described(component: DesiredComponent) -> str:
    """A component's flavor and settings on one line."""
    settings = ", ".join(
        f"{key}={_text(value)}" for key, value in sorted(component.configuration.items())
    )
    return f"{component.flavor}: {settings}" if settings else component.flavor


def _links(
    desired: DesiredComponent, actual: ActualComponent
) -> tuple[Mapping[str, str | None], Mapping[str, str | None]]:
    wanted = desired.connector.name if desired.connector else None
    return (
        {"connector": wanted, "resource": desired.resource},
        {"connector": actual.connector, "resource": actual.resource},
    )


def _label_fields(desired: Mapping[str, str], actual: Mapping[str, str]) -> Iterator[FieldChange]:
    yield from _mapping_fields(LABEL, desired, lasting(actual))


def _mapping_fields(
    prefix: str,
    desired: Mapping[str, JsonValue] | Mapping[str, str] | Mapping[str, str | None],
    actual: Mapping[str, JsonValue] | Mapping[str, str] | Mapping[str, str | None],
) -> Iterator[FieldChange]:
    for key in sorted({*desired, *actual}):
        before, after = actual.get(key), desired.get(key)
        if before != after:
            yield FieldChange(field=f"{prefix}{key}", before=_text(before), after=_text(after))


def _text(value: JsonValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)
