"""What is to be written as seen at one moment, held against the plan that was approved. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from zenstrap.errors import PlanChangedError
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    Kind,
    Registration,
    RegistrationChange,
)
from zenstrap.registry.diff import diff
from zenstrap.registry.labels import connector_labels
from zenstrap.registry.model import ActualConnector, ActualRegistry, DesiredRegistry


@dataclass(frozen=True)
class Reconciliation:
    """What is wanted, what is there, and what has to be written for it, in order."""

    desired: DesiredRegistry
    actual: ActualRegistry
    changes: tuple[RegistrationChange, ...]

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
