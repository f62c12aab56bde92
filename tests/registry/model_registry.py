"""ZenML's registry as a few dictionaries, for testing the diff's laws at speed.

``test_zenml_registry.py`` holds the real one to the same behaviour. Like ZenML, it refuses to
delete what is in use and to link what isn't there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from zenstrap.registry.changes import Action, FieldKind, Kind, RegistrationChange
from zenstrap.registry.diff import diff
from zenstrap.registry.model import (
    ActualComponent,
    ActualConnector,
    ActualRegistry,
    ActualStack,
    DesiredRegistry,
    component_labels,
    connector_labels,
    stack_labels,
)
from zenstrap.registry.reconciliation import after_proof, links_to_return, waits_for_proof
from zenstrap.registry.versions import promotion_record

NOW = datetime(2026, 11, 25, tzinfo=UTC)


class ModelRegistry:
    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.connectors: dict[str, ActualConnector] = {}
        self.components: dict[tuple[str, str], ActualComponent] = {}
        self.stacks: dict[str, ActualStack] = {}

    def actual(self, *, backwards: bool = False) -> ActualRegistry:
        """Args: backwards: list everything in the other order."""
        turn = reversed if backwards else iter
        return ActualRegistry(
            self.environment,
            dict(turn(list(self.components.items()))),
            dict(turn(list(self.stacks.items()))),
            dict(turn(list(self.connectors.items()))),
        )

    def carry_out(self, desired: DesiredRegistry, changes: Sequence[RegistrationChange]) -> None:
        for change in changes:
            if change.action is Action.DELETE:
                self._delete(change)
            elif change.kind is Kind.CONNECTOR:
                self._put_connector(desired, change.name)
            elif change.kind is Kind.COMPONENT:
                self._put_component(desired, change)
            else:
                self._put_stack(desired, change.name)

    def link(self, changes: Sequence[RegistrationChange]) -> None:
        """Give components other connectors, and nothing else."""
        for change in changes:
            key, link = (str(change.component_type), change.name), change.field(FieldKind.CONNECTOR)
            connector = link and link.after
            assert connector in self.connectors
            self.components[key] = replace(self.components[key], connector=connector)

    def relabel(self, **labels: str) -> None:
        self.connectors = {
            key: replace(c, labels={**c.labels, **labels}) for key, c in self.connectors.items()
        }
        self.components = {
            key: replace(c, labels={**c.labels, **labels}) for key, c in self.components.items()
        }
        self.stacks = {
            key: replace(s, labels={**s.labels, **labels}) for key, s in self.stacks.items()
        }

    def add_foreign_stack(self, name: str) -> None:
        self.stacks[name] = ActualStack("foreign", name, {}, {})

    def _put_connector(self, desired: DesiredRegistry, name: str) -> None:
        c = next(c for c in desired.connectors if c.name == name)
        found = self.connectors.get(name)
        assert found is None or found.method == c.method, "ZenML refuses to change the method"
        labels = {**connector_labels(c), "run": "run"}
        self.connectors[name] = ActualConnector(
            name, name, "gcp", c.method, dict(c.configuration), labels
        )

    def _put_component(self, desired: DesiredRegistry, change: RegistrationChange) -> None:
        wanted = [c for c in desired.components if c.name == change.name]
        if not wanted:
            self.link([change])
            return
        c = wanted[0]
        labels = {**component_labels(c), "run": "run"}
        connector = c.connector.name if c.connector else None
        assert connector is None or connector in self.connectors
        self.components[(c.type, c.name)] = ActualComponent(
            c.name,
            c.name,
            c.type,
            c.flavor,
            dict(c.configuration),
            labels,
            connector,
            c.resource,
        )

    def _put_stack(self, desired: DesiredRegistry, name: str) -> None:
        s = next(s for s in desired.stacks if name in (s.name, s.alias))
        parts = {kind: (c.name,) for kind, c in s.components.items()}
        assert all((kind, names[0]) in self.components for kind, names in parts.items())
        labels = {**stack_labels(s), "run": "run"}
        if name == s.alias:
            labels |= promotion_record(self.stacks.get(name), s.version, at=NOW, run="run")
        self.stacks[name] = ActualStack(name, name, parts, labels)

    def _delete(self, change: RegistrationChange) -> None:
        name = change.name
        if change.kind is Kind.CONNECTOR:
            users = [c.name for c in self.components.values() if c.connector == name]
            assert not users, f"ZenML refuses to delete {name}: {users} use it"
            del self.connectors[name]
        elif change.kind is Kind.COMPONENT:
            key = (str(change.component_type), name)
            users = [s.name for s in self.stacks.values() if name in s.components.get(key[0], ())]
            assert not users, f"ZenML refuses to delete {name}: {users} use it"
            del self.components[key]
        else:
            del self.stacks[name]


def up(
    registry: ModelRegistry, desired: DesiredRegistry, failing: frozenset[str | None]
) -> tuple[RegistrationChange, ...]:
    """Bring the registry to what is wanted, as a run does; the smoke tests of some projects fail.

    Returns what waited for the proof and was done.
    """
    unproven = {s.name for s in desired.stacks if s.project in failing}
    held = {s.alias for s in desired.stacks if s.project in failing}
    planned = diff(desired, registry.actual(), immutable_versions=False)
    registry.carry_out(
        desired,
        [
            change
            for change in planned
            if not waits_for_proof(change, desired)
            and not (change.kind is Kind.ALIAS and change.name in held)
        ],
    )
    actual = registry.actual()
    left = diff(desired, actual, immutable_versions=False)
    returned = links_to_return(desired, actual, planned, unproven)
    registry.link(returned)
    settled = after_proof(desired, actual, left, unproven, returned)
    registry.carry_out(desired, settled)
    return settled
