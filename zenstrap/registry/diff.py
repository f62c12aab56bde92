"""From what is wanted and what is there to what has to be written. Pure: no ZenML here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from zenstrap.errors import NameTakenError, RefusedError
from zenstrap.registry.changes import Action, FieldChange, Kind, RegistrationChange
from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    RUN,
    VERSION,
    ActualComponent,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)

UNKNOWN = "(known after apply)"


def diff(
    desired: DesiredRegistry, actual: ActualRegistry, *, immutable_versions: bool
) -> tuple[RegistrationChange, ...]:
    """What to write, in the order in which it can be written; empty when all is right.

    Args:
        desired: what the configuration asks for.
        actual: what ZenML has.
        immutable_versions: refuse other content under a version that exists already.

    Raises:
        NameTakenError: a wanted name belongs to something that isn't this environment's.
        RefusedError: a registered version would get other content.
    """
    _refuse_taken_names(desired, actual)
    components = [
        change
        for component in desired.components
        if (
            change := _component_change(
                component, actual.components.get((component.type, component.name))
            )
        )
    ]
    stacks = [
        change
        for stack in desired.stacks
        if (change := _stack_change(stack, actual.stacks.get(stack.name)))
    ]
    if immutable_versions:
        _refuse_changed_versions([*components, *stacks], desired)
    aliases = [
        change
        for stack in desired.stacks
        if (change := _alias_change(stack, actual.stacks.get(stack.alias)))
    ]
    return (*components, *stacks, *aliases, *_retirements(desired, actual))


def removal(actual: ActualRegistry) -> tuple[RegistrationChange, ...]:
    """The deletion of everything of ours: aliases and stacks first, then their components."""
    return _deletions(actual.our_stacks, actual.our_components)


def is_alias(stack: ActualStack) -> bool:
    """Whether a stack is an alias: the name of any other ends in its version."""
    return not stack.name.endswith(f"-v{stack.labels.get(VERSION, '')}")


def component_labels(component: DesiredComponent) -> dict[str, str]:
    """All labels of a component but the run's."""
    return {**component.labels, VERSION: component.version, CONTENT_HASH: component.content_hash}


def stack_labels(stack: DesiredStack) -> dict[str, str]:
    """All labels of a stack, or of its alias once promoted, but the run's."""
    return {**stack.labels, VERSION: stack.version, CONTENT_HASH: stack.content_hash}


def _component_change(
    desired: DesiredComponent, actual: ActualComponent | None
) -> RegistrationChange | None:
    if actual is None:
        return RegistrationChange(
            kind=Kind.COMPONENT, action=Action.CREATE, name=desired.name, note=_describe(desired)
        )
    if actual.flavor != desired.flavor:
        raise RefusedError(
            f"{desired.name} is registered with flavor {actual.flavor}",
            where=f"stack.components.{desired.type}.flavor",
            why="ZenML can't change a flavor in place.",
            fix=f"Bump stack.components.{desired.type}.version, so that a new component is made.",
        )
    fields = [
        *_mapping_fields("", desired.configuration, actual.configuration),
        *_label_fields(component_labels(desired), actual.labels),
    ]
    return _update(Kind.COMPONENT, desired.name, fields)


def _stack_change(desired: DesiredStack, actual: ActualStack | None) -> RegistrationChange | None:
    if actual is None:
        names = ", ".join(c.name for c in desired.components.values())
        return RegistrationChange(
            kind=Kind.STACK, action=Action.CREATE, name=desired.name, note=names
        )
    return _update(Kind.STACK, desired.name, list(_stack_fields(desired, actual)))


def _alias_change(desired: DesiredStack, actual: ActualStack | None) -> RegistrationChange | None:
    note = f"after the smoke test of {desired.name}"
    after = FieldChange(field=VERSION, before=None, after=desired.version)
    if actual is None:
        return RegistrationChange(
            kind=Kind.ALIAS, action=Action.CREATE, name=desired.alias, fields=(after,), note=note
        )
    fields = list(_stack_fields(desired, actual))
    if not fields:
        return None
    return RegistrationChange(
        kind=Kind.ALIAS, action=Action.PROMOTE, name=desired.alias, fields=tuple(fields), note=note
    )


def _stack_fields(desired: DesiredStack, actual: ActualStack) -> Iterator[FieldChange]:
    wanted = {kind: component.name for kind, component in desired.components.items()}
    found = {kind: ", ".join(names) for kind, names in actual.components.items()}
    yield from _mapping_fields("", wanted, found)
    yield from _label_fields(stack_labels(desired), actual.labels)


def _label_fields(desired: Mapping[str, str], actual: Mapping[str, str]) -> Iterator[FieldChange]:
    kept = {key: value for key, value in actual.items() if key != RUN}
    yield from _mapping_fields("label ", desired, kept)


def _mapping_fields(
    prefix: str,
    desired: Mapping[str, JsonValue] | Mapping[str, str],
    actual: Mapping[str, JsonValue] | Mapping[str, str],
) -> Iterator[FieldChange]:
    for key in sorted({*desired, *actual}):
        before, after = actual.get(key), desired.get(key)
        if before != after:
            yield FieldChange(field=f"{prefix}{key}", before=_text(before), after=_text(after))


def _retirements(
    desired: DesiredRegistry, actual: ActualRegistry
) -> tuple[RegistrationChange, ...]:
    """The deletion of what belongs to ML projects that the configuration no longer names."""
    projects = {None, *(stack.project for stack in desired.stacks)}
    return _deletions(
        [s for s in actual.our_stacks if s.labels.get(ML_PROJECT) not in projects],
        [c for c in actual.our_components if c.labels.get(ML_PROJECT) not in projects],
    )


def _deletions(
    stacks: Iterable[ActualStack], components: Iterable[ActualComponent]
) -> tuple[RegistrationChange, ...]:
    ordered = sorted(stacks, key=lambda stack: (not is_alias(stack), stack.name))
    return tuple(
        RegistrationChange(
            kind=Kind.ALIAS if is_alias(stack) else Kind.STACK,
            action=Action.DELETE,
            name=stack.name,
        )
        for stack in ordered
    ) + tuple(
        RegistrationChange(
            kind=Kind.COMPONENT, action=Action.DELETE, name=component.name, note=component.type
        )
        for component in sorted(components, key=lambda component: component.name)
    )


def _update(kind: Kind, name: str, fields: Sequence[FieldChange]) -> RegistrationChange | None:
    if not fields:
        return None
    return RegistrationChange(kind=kind, action=Action.UPDATE, name=name, fields=tuple(fields))


def _refuse_taken_names(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    components = [actual.components.get((c.type, c.name)) for c in desired.components]
    stacks = [actual.stacks.get(name) for s in desired.stacks for name in (s.name, s.alias)]
    taken = sorted({x.name for x in (*components, *stacks) if x and not actual.is_ours(x.labels)})
    if taken:
        raise NameTakenError(
            f"{', '.join(taken)}: registered in ZenML by somebody else",
            why=f"It doesn't carry zenstrap's labels for environment {desired.environment}.",
            fix="Rename or delete it in ZenML, or use another environment name.",
        )


def _refuse_changed_versions(
    changes: Sequence[RegistrationChange], desired: DesiredRegistry
) -> None:
    changed = [
        change.name
        for change in changes
        if change.action is Action.UPDATE
        and any(f.field == f"label {CONTENT_HASH}" for f in change.fields)
    ]
    if changed:
        raise RefusedError(
            f"{', '.join(changed)}: that version is registered with other content",
            where=f"environment {desired.environment}",
            why="Versions are immutable here (protection.immutable_versions).",
            fix="Bump the versions of the components and stacks that changed.",
        )


def _describe(component: DesiredComponent) -> str:
    settings = ", ".join(
        f"{key}={_text(value)}" for key, value in sorted(component.configuration.items())
    )
    return f"{component.flavor}: {settings}" if settings else component.flavor


def _text(value: JsonValue) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)
