"""The changes to write at one point of a run: as planned or not, now or after the smoke test. Pure.

A component has one connector, so a component that a candidate shares with a current stack is linked
to the new connector before that is tested. All other changes for a new connector wait for the test.
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
    """The desired registry, the actual one, and the changes to write, in order."""

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
        """Compare; only registrations that the plan adopted may be adopted.

        Raises:
            NameTakenError, RefusedError: see :func:`zenstrap.registry.diff.diff`.
        """
        adopt = frozenset(change.name for change in planned if change.action is Action.ADOPT)
        changes = diff(desired, actual, immutable_versions=immutable_versions, adopt=adopt)
        return cls(desired, actual, changes)

    def require_as_planned(self, planned: Iterable[RegistrationChange]) -> None:
        """Check that the changes are those of the approved plan.

        Values that the plan didn't know before the apply may be anything now, including the
        current value.

        Raises:
            PlanChangedError: they differ.
        """
        shown = {_key(change): change for change in planned}
        now = {_key(change): change for change in self.changes}
        gone = (change for key, change in shown.items() if key not in now)
        if not (
            all(key in shown and _is_as_shown(shown[key], change) for key, change in now.items())
            and all(change.fields and _may_be_right(change.fields) for change in gone)
        ):
            raise registry_changed()

    def with_connectors(self, written: Iterable[Registration]) -> Reconciliation:
        """The remaining changes after the connectors are written."""
        ids = {registration.name: registration.id for registration in written}
        connectors = {
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
            actual=replace(self.actual, connectors={**self.actual.connectors, **connectors}),
            changes=tuple(change for change in self.changes if not is_connector_write(change)),
        )


def is_connector_write(change: RegistrationChange) -> bool:
    """Whether a change writes a connector, which happens before anything else."""
    later = (Action.DELETE, Action.MARK)
    return change.kind is Kind.CONNECTOR and change.action not in later


def registry_changed() -> PlanChangedError:
    """The error that the registry has changed since the plan was approved."""
    return PlanChangedError(
        "ZenML's registry has changed since the plan was shown",
        why="A registration of this environment was changed in between.",
        fix="Run the same command again: it makes a new plan.",
    )


def waits_for_proof(change: RegistrationChange, desired: DesiredRegistry) -> bool:
    """Whether a change is only made after the smoke tests of the new connectors.

    These are the links of component versions that no desired stack has, and the deletion of
    connectors.
    """
    if change.kind is Kind.CONNECTOR:
        return change.action is Action.DELETE
    names = {component.name for component in desired.components}
    return (
        change.kind is Kind.COMPONENT
        and change.action is Action.UPDATE
        and change.name not in names
    )


def after_proof(
    desired: DesiredRegistry,
    actual: ActualRegistry,
    changes: Iterable[RegistrationChange],
    unproven: Collection[str],
    returned: Iterable[RegistrationChange] = (),
) -> Changes:
    """The changes that may be made after the smoke tests, in their order.

    Args:
        returned: see :func:`links_to_return`; those connectors are kept.
        unproven: names of the stacks that failed their smoke test. Registrations of a project
            whose connector they use aren't changed.
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
    """The links back to the earlier connectors, for components that no tested stack has.

    Args:
        actual: the registry after the stacks were registered.
        planned: the run's planned changes.
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
    """The registered components of desired stacks that change from one connector to another."""
    names = {component.name for component in desired.components}
    for change in changes:
        if (
            change.kind is not Kind.COMPONENT
            or change.action is not Action.UPDATE
            or change.name not in names
        ):
            continue
        link = change.field(FieldKind.CONNECTOR)
        if link is not None and link.before is not None:
            yield change, link


def _key(change: RegistrationChange) -> tuple[Kind, str | None, str]:
    return change.kind, change.component_type, change.name


def _is_as_shown(planned: RegistrationChange, current: RegistrationChange) -> bool:
    shown = {(field.kind, field.name): field for field in planned.fields}
    now = {(field.kind, field.name): field for field in current.fields}
    return (
        _is_same_action(planned.action, current.action)
        and all(key in shown and _is_field_as_shown(shown[key], now[key]) for key in now)
        and _may_be_right(field for key, field in shown.items() if key not in now)
    )


def _is_same_action(planned: Action, current: Action) -> bool:
    # A planned promotion whose content turned out to be unchanged: only labels are updated.
    return planned is current or (planned, current) == (Action.PROMOTE, Action.UPDATE)


def _is_field_as_shown(planned: FieldChange, current: FieldChange) -> bool:
    is_same = not planned.is_known or planned.after == current.after
    return planned.before == current.before and is_same


def _may_be_right(fields: Iterable[FieldChange]) -> bool:
    """Whether fields with a planned change may need none after all."""
    return not any(field.is_known for field in fields)


def _project(change: RegistrationChange, actual: ActualRegistry) -> str | None:
    if change.kind is Kind.CONNECTOR:
        return actual.connectors[change.name].labels.get(ML_PROJECT)
    assert change.component_type is not None, "components have a type"
    return actual.components[(change.component_type, change.name)].labels.get(ML_PROJECT)
