"""The changes from the actual to the desired registry. Pure: doesn't use ZenML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    RegistrationChange,
    component_fields,
    connector_fields,
    deletion,
    described,
    link_field,
    stack_fields,
)
from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    OWNER,
    VERSION,
    ActualComponent,
    ActualConnector,
    ActualRegistry,
    ActualStack,
    DesiredRegistry,
    DesiredStack,
    is_alias,
)
from zenstrap.registry.refusals import (
    refuse_changed_versions,
    refuse_taken_names,
    refuse_unchangeable,
    refuse_unknown_names,
)
from zenstrap.registry.versions import rolled_back_from


def diff(
    desired: DesiredRegistry,
    actual: ActualRegistry,
    *,
    immutable_versions: bool,
    adopt: frozenset[str] = frozenset(),
) -> tuple[RegistrationChange, ...]:
    """The changes in the order in which they can be written; empty if there are none.

    Args:
        desired: the registrations of the configuration.
        actual: the registrations in ZenML.
        immutable_versions: refuse other content for a version that exists already.
        adopt: names of foreign registrations that may be adopted.

    Raises:
        UsageError: ``adopt`` has a name that isn't desired.
        NameTakenError: a desired name is taken by a registration that isn't this environment's.
        RefusedError: a registered version would get other content, or a field would change that
            ZenML can't change in place.
    """
    refuse_unknown_names(desired, adopt)
    refuse_taken_names(desired, actual, adopt)
    refuse_unchangeable(desired, actual)
    if immutable_versions:
        refuse_changed_versions(desired, actual)
    return (
        *_connector_changes(desired, actual),
        *_component_changes(desired, actual),
        *_relinks(desired, actual),
        *_stack_changes(desired, actual),
        *_alias_changes(desired, actual),
        *_retirements(desired, actual),
        *_marks(desired, actual),
    )


def is_promoted(stack: DesiredStack, alias: ActualStack) -> bool:
    """Whether a stack's alias gets other components or another version, not only labels."""
    return any(
        not field.is_label or field.name in (VERSION, CONTENT_HASH)
        for field in stack_fields(stack, alias)
    )


def removal(actual: ActualRegistry) -> tuple[RegistrationChange, ...]:
    """The deletion of all our registrations: aliases and stacks, components, then connectors."""
    return _deletions(actual.our_stacks, actual.our_components, actual.our_connectors)


def _connector_changes(
    desired: DesiredRegistry, actual: ActualRegistry
) -> Iterator[RegistrationChange]:
    for connector in desired.connectors:
        existing = actual.connectors.get(connector.name)
        if existing is None:
            who = f" as {connector.principal}" if connector.principal else ""
            yield RegistrationChange(
                kind=Kind.CONNECTOR,
                action=Action.CREATE,
                name=connector.name,
                fields=tuple(connector_fields(connector, None)),
                note=f"{connector.method}{who}",
            )
        else:
            fields = connector_fields(connector, existing)
            yield from _update(Kind.CONNECTOR, existing, fields, actual)


def _component_changes(
    desired: DesiredRegistry, actual: ActualRegistry
) -> Iterator[RegistrationChange]:
    for component in desired.components:
        existing = actual.components.get((component.type, component.name))
        if existing is None:
            yield RegistrationChange(
                kind=Kind.COMPONENT,
                action=Action.CREATE,
                name=component.name,
                component_type=component.type,
                fields=tuple(component_fields(component, None)),
                note=described(component),
            )
        else:
            fields = component_fields(component, existing)
            yield from _update(Kind.COMPONENT, existing, fields, actual)


def _relinks(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[RegistrationChange]:
    """Link component versions of earlier stacks to the connector that replaces theirs."""
    current = {(c.type, c.name) for c in desired.components}
    connectors = {c.project: c.name for c in desired.connectors}
    ours = {c.name for c in actual.our_connectors}
    for component in sorted(actual.our_components, key=lambda c: c.name):
        successor = connectors.get(component.labels.get(ML_PROJECT))
        if (
            (component.type, component.name) in current
            or component.connector not in ours
            or successor is None
            or component.connector == successor
            or _is_dropped(component, desired)
        ):
            continue
        yield RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.UPDATE,
            name=component.name,
            component_type=component.type,
            fields=(
                *link_field(component.connector, successor),
                *_mark_of(component.labels, desired),
            ),
            note=component.type,
        )


def _marks(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[RegistrationChange]:
    """Our registrations without an owner's label that the configuration no longer has."""
    written = {
        change.name for change in (*_relinks(desired, actual), *_retirements(desired, actual))
    }
    order = list(Kind)
    things: list[tuple[Kind, ActualConnector | ActualComponent | ActualStack]] = [
        *((Kind.CONNECTOR, connector) for connector in actual.our_connectors),
        *((Kind.COMPONENT, component) for component in actual.our_components),
        *((Kind.STACK, stack) for stack in actual.our_stacks),
    ]
    for kind, thing in sorted(things, key=lambda pair: (order.index(pair[0]), pair[1].name)):
        fields = _mark_of(thing.labels, desired)
        if fields and thing.name not in desired.names | written:
            type_ = thing.type if isinstance(thing, ActualComponent) else None
            yield RegistrationChange(
                kind=kind,
                action=Action.MARK,
                name=thing.name,
                component_type=type_,
                fields=fields,
                note=type_ or "",
            )


def _mark_of(labels: Mapping[str, str], desired: DesiredRegistry) -> tuple[FieldChange, ...]:
    if not desired.owner or OWNER in labels:
        return ()
    return (FieldChange(kind=FieldKind.LABEL, name=OWNER, before=None, after=desired.owner),)


def _stack_changes(
    desired: DesiredRegistry, actual: ActualRegistry
) -> Iterator[RegistrationChange]:
    for stack in desired.stacks:
        existing = actual.stacks.get(stack.name)
        if existing is None:
            names = ", ".join(c.name for c in stack.components.values())
            yield RegistrationChange(
                kind=Kind.STACK,
                action=Action.CREATE,
                name=stack.name,
                fields=tuple(stack_fields(stack, None)),
                note=names,
            )
        else:
            yield from _update(Kind.STACK, existing, stack_fields(stack, existing), actual)


def _alias_changes(
    desired: DesiredRegistry, actual: ActualRegistry
) -> Iterator[RegistrationChange]:
    for stack in desired.stacks:
        change = _alias_change(stack, actual.stacks.get(stack.alias), actual)
        if change is not None:
            yield change


def _alias_change(
    desired: DesiredStack, alias: ActualStack | None, actual: ActualRegistry
) -> RegistrationChange | None:
    note = f"after the smoke test of {desired.name}"
    if alias is None:
        after = FieldChange(
            kind=FieldKind.VERSION, name=VERSION, before=None, after=desired.version
        )
        return RegistrationChange(
            kind=Kind.ALIAS, action=Action.CREATE, name=desired.alias, fields=(after,), note=note
        )
    fields = tuple(stack_fields(desired, alias))
    if not fields:
        return None
    run = rolled_back_from(actual, desired.project, desired.version)
    if run is not None:
        note = f"rolled back from by {run}: tested again"
    if not actual.is_ours(alias.labels):
        action = Action.ADOPT
    elif is_promoted(desired, alias):
        action = Action.PROMOTE
    else:
        action, note = Action.UPDATE, ""
    return RegistrationChange(
        kind=Kind.ALIAS, action=action, name=desired.alias, fields=fields, note=note
    )


def _retirements(
    desired: DesiredRegistry, actual: ActualRegistry
) -> tuple[RegistrationChange, ...]:
    """The deletion of registrations of ML projects that were removed from the configuration, and
    of connectors that are no longer used."""
    stacks = [s for s in actual.our_stacks if _is_dropped(s, desired)]
    components = [c for c in actual.our_components if _is_dropped(c, desired)]
    connectors = {c.name for c in desired.connectors}
    not_counted = {(c.type, c.name) for c in components} | {
        (c.type, c.name) for c in desired.components
    }
    relinked = {change.name for change in _relinks(desired, actual)}
    still_used = {
        c.connector
        for key, c in actual.components.items()
        if key not in not_counted and c.name not in relinked
    }
    return _deletions(
        stacks,
        components,
        [c for c in actual.our_connectors if c.name not in connectors | still_used],
    )


def _is_dropped(thing: ActualStack | ActualComponent, desired: DesiredRegistry) -> bool:
    projects = {None, *(stack.project for stack in desired.stacks)}
    return thing.labels.get(ML_PROJECT) not in projects


def _deletions(
    stacks: Iterable[ActualStack],
    components: Iterable[ActualComponent],
    connectors: Iterable[ActualConnector],
) -> tuple[RegistrationChange, ...]:
    aliases_first = sorted(stacks, key=lambda stack: (not is_alias(stack), stack.name))
    return (
        *(
            deletion(Kind.ALIAS if is_alias(stack) else Kind.STACK, stack.name)
            for stack in aliases_first
        ),
        *(
            deletion(Kind.COMPONENT, component.name, component.type)
            for component in sorted(components, key=lambda c: (c.name, c.type))
        ),
        *(
            deletion(Kind.CONNECTOR, connector.name)
            for connector in sorted(connectors, key=lambda c: c.name)
        ),
    )


def _update(
    kind: Kind,
    existing: ActualConnector | ActualComponent | ActualStack,
    fields: Iterable[FieldChange],
    actual: ActualRegistry,
) -> Iterator[RegistrationChange]:
    if differing := tuple(fields):
        yield RegistrationChange(
            kind=kind,
            action=Action.UPDATE if actual.is_ours(existing.labels) else Action.ADOPT,
            name=existing.name,
            component_type=existing.type if isinstance(existing, ActualComponent) else None,
            fields=differing,
        )
