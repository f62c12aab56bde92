"""What is to be written as seen at one moment: as planned or not, now or once it is proven. Pure.

A component has one connector, so a component that a candidate shares with what is current is
linked to the new one before that is proven. All else of such a succession waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from zenstrap.errors import PlanChangedError
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    Registration,
    RegistrationChange,
    link_field,
)
from zenstrap.registry.diff import diff
from zenstrap.registry.model import (
    ML_PROJECT,
    ActualConnector,
    ActualRegistry,
    DesiredRegistry,
    connector_labels,
)

Changes = tuple[RegistrationChange, ...]


@dataclass(frozen=True)
class Reconciliation:
    """What is wanted, what is there, and what has to be written for it, in order."""

    desired: DesiredRegistry
    actual: ActualRegistry
    changes: Changes

    @classmethod
    def of(
        cls,
        desired: DesiredRegistry,
        actual: ActualRegistry,
        planned: Iterable[RegistrationChange],
        *,
        immutable_versions: bool,
    ) -> Reconciliation:
        """Compare; only what the plan took over from others is taken over.

        Raises:
            NameTakenError, RefusedError: see :func:`zenstrap.registry.diff.diff`.
        """
        adopt = frozenset(change.name for change in planned if change.action is Action.ADOPT)
        changes = diff(desired, actual, immutable_versions=immutable_versions, adopt=adopt)
        return cls(desired, actual, changes)

    def require_as_planned(self, planned: Iterable[RegistrationChange]) -> None:
        """Everything that is to be written was shown, and everything that was shown is written.

        What the plan only knew after the apply may have become any value, also the one that it
        had before.

        Raises:
            PlanChangedError: it isn't so.
        """
        shown = {_key(change): change for change in planned}
        found = {_key(change): change for change in self.changes}
        gone = (change for key, change in shown.items() if key not in found)
        if not (
            all(key in shown and _is_as_shown(shown[key], change) for key, change in found.items())
            and all(change.fields and _may_be_right(change.fields) for change in gone)
        ):
            raise registry_changed()

    def with_connectors(self, written: Iterable[Registration]) -> Reconciliation:
        """What is left once the connectors are written."""
        ids = {registration.name: registration.id for registration in written}
        there = {
            connector.name: ActualConnector(
                id=ids[connector.name],
                name=connector.name,
                type=connector.type,
                method=connector.method,
                configuration=connector.configuration,
                labels=connector_labels(connector),
            )
            for connector in self.desired.connectors
        }
        return replace(
            self,
            actual=replace(self.actual, connectors={**self.actual.connectors, **there}),
            changes=tuple(change for change in self.changes if not is_connector_write(change)),
        )


def is_connector_write(change: RegistrationChange) -> bool:
    """Whether a change is made before anything else is registered."""
    later = (Action.DELETE, Action.MARK)
    return change.kind is Kind.CONNECTOR and change.action not in later


def registry_changed() -> PlanChangedError:
    """That an approved plan no longer holds."""
    return PlanChangedError(
        "ZenML's registry isn't what it was when the plan was shown",
        why="Somebody changed a registration of this environment in between.",
        fix="Run the same command again: it plans anew.",
    )


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


def _key(change: RegistrationChange) -> tuple[Kind, str | None, str]:
    return change.kind, change.component_type, change.name


def _is_as_shown(planned: RegistrationChange, found: RegistrationChange) -> bool:
    shown = {(field.kind, field.name): field for field in planned.fields}
    now = {(field.kind, field.name): field for field in found.fields}
    return (
        _is_same_action(planned.action, found.action)
        and all(key in shown and _is_field_as_shown(shown[key], now[key]) for key in now)
        and _may_be_right(field for key, field in shown.items() if key not in now)
    )


def _is_same_action(planned: Action, found: Action) -> bool:
    # An alias is promoted for its content, which turned out to be what it has: labels are left.
    return planned is found or (planned, found) == (Action.PROMOTE, Action.UPDATE)


def _is_field_as_shown(planned: FieldChange, found: FieldChange) -> bool:
    return planned.before == found.before and (not planned.is_known or planned.after == found.after)


def _may_be_right(fields: Iterable[FieldChange]) -> bool:
    """Whether fields that were to change may need no change after all."""
    return not any(field.is_known for field in fields)


def _project(change: RegistrationChange, actual: ActualRegistry) -> str | None:
    if change.kind is Kind.CONNECTOR:
        return actual.connectors[change.name].labels.get(ML_PROJECT)
    assert change.component_type is not None, "components have a type"
    return actual.components[(change.component_type, change.name)].labels.get(ML_PROJECT)
