"""ZenML's registry as a few dictionaries, for testing the diff's laws at speed.

``test_zenml_registry.py`` holds the real one to the same behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zenstrap.registry.changes import Action, Kind, RegistrationChange
from zenstrap.registry.diff import component_labels, stack_labels
from zenstrap.registry.model import ActualComponent, ActualRegistry, ActualStack, DesiredRegistry


class ModelRegistry:
    def __init__(self, environment: str) -> None:
        self.environment = environment
        self.components: dict[tuple[str, str], ActualComponent] = {}
        self.stacks: dict[str, ActualStack] = {}

    def actual(self) -> ActualRegistry:
        return ActualRegistry(self.environment, dict(self.components), dict(self.stacks))

    def carry_out(self, desired: DesiredRegistry, changes: Sequence[RegistrationChange]) -> None:
        for change in changes:
            if change.action is Action.DELETE:
                self._delete(change)
            elif change.kind is Kind.COMPONENT:
                self._put_component(desired, change.name)
            else:
                self._put_stack(desired, change.name)

    def relabel(self, **labels: str) -> None:
        self.components = {
            key: replace(c, labels={**c.labels, **labels}) for key, c in self.components.items()
        }
        self.stacks = {
            key: replace(s, labels={**s.labels, **labels}) for key, s in self.stacks.items()
        }

    def add_foreign_stack(self, name: str) -> None:
        self.stacks[name] = ActualStack("foreign", name, {}, {})

    def _put_component(self, desired: DesiredRegistry, name: str) -> None:
        c = next(c for c in desired.components if c.name == name)
        labels = {**component_labels(c), "run": "run"}
        self.components[(c.type, name)] = ActualComponent(
            name, name, c.type, c.flavor, dict(c.configuration), labels
        )

    def _put_stack(self, desired: DesiredRegistry, name: str) -> None:
        s = next(s for s in desired.stacks if name in (s.name, s.alias))
        parts = {kind: (c.name,) for kind, c in s.components.items()}
        assert all((kind, names[0]) in self.components for kind, names in parts.items())
        self.stacks[name] = ActualStack(name, name, parts, {**stack_labels(s), "run": "run"})

    def _delete(self, change: RegistrationChange) -> None:
        if change.kind is not Kind.COMPONENT:
            del self.stacks[change.name]
            return
        key = (change.note, change.name)
        users = [
            s.name for s in self.stacks.values() if change.name in s.components.get(key[0], ())
        ]
        assert not users, f"ZenML refuses to delete {change.name}: {users} use it"
        del self.components[key]
