"""A connector takes the place of another: what waits for the proof, what goes back without it.

Pure. A component has one connector, so a component that a candidate shares with what is current
is linked to the new one before that is proven. All else of the succession waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    RegistrationChange,
    link_field,
)
from zenstrap.registry.model import ML_PROJECT, ActualRegistry, DesiredRegistry

Changes = tuple[RegistrationChange, ...]


def waits_for_proof(change: RegistrationChange, desired: DesiredRegistry) -> bool:
    """Whether a change is made only once the new connectors are proven.

    These are the links of component versions that no wanted stack has, and the deletion of
    connectors.
    """
    if change.kind is Kind.CONNECTOR:
        return change.action is Action.DELETE
    wanted = {component.name for component in desired.components}
    return (
        change.kind is Kind.COMPONENT
        and change.action is Action.UPDATE
        and change.name not in wanted
    )


def after_proof(
    desired: DesiredRegistry,
    actual: ActualRegistry,
    changes: Iterable[RegistrationChange],
    unproven: Collection[str],
    returned: Iterable[RegistrationChange] = (),
) -> Changes:
    """What of the changes may be made now, in their order.

    Args:
        returned: see :func:`links_to_return`; those connectors stay.
        unproven: names of the stacks that had to be tested and didn't pass. What belongs to a
            project whose connector they use stays as it is.
    """
    waiting = {
        component.connector.project
        for stack in desired.stacks
        if stack.name in unproven
        for component in stack.components.values()
        if component.connector
    }
    needed = {link.after for change in returned if (link := change.field(FieldKind.CONNECTOR))}
    return tuple(
        change
        for change in changes
        if waits_for_proof(change, desired)
        and _project(change, actual) not in waiting
        and change.name not in needed
    )


def links_to_return(
    desired: DesiredRegistry,
    actual: ActualRegistry,
    planned: Iterable[RegistrationChange],
    unproven: Collection[str],
) -> Changes:
    """The links back to the connectors from before the run, for components of no proven stack.

    Args:
        actual: after the stacks were registered.
        planned: what the run was to change.
    """
    proven = {
        component.name
        for stack in desired.stacks
        if stack.name not in unproven
        for component in stack.components.values()
    }
    kinds = {component.name: component.type for component in desired.components}
    return tuple(
        RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.UPDATE,
            name=change.name,
            component_type=kinds[change.name],
            fields=tuple(link_field(link.after, link.before)),
            note=kinds[change.name],
        )
        for change, link in new_links(desired, planned)
        if change.name not in proven and link.before in actual.connectors
    )


def new_links(
    desired: DesiredRegistry, changes: Iterable[RegistrationChange]
) -> Iterator[tuple[RegistrationChange, FieldChange]]:
    """The registered components of wanted stacks that change from one connector to another."""
    wanted = {component.name for component in desired.components}
    for change in changes:
        if (
            change.kind is not Kind.COMPONENT
            or change.action is not Action.UPDATE
            or change.name not in wanted
        ):
            continue
        link = change.field(FieldKind.CONNECTOR)
        if link is not None and link.before is not None:
            yield change, link


def _project(change: RegistrationChange, actual: ActualRegistry) -> str | None:
    if change.kind is Kind.CONNECTOR:
        return actual.connectors[change.name].labels.get(ML_PROJECT)
    assert change.component_type is not None, "components have a type"
    return actual.components[(change.component_type, change.name)].labels.get(ML_PROJECT)
