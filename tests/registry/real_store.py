"""A real ZenML store, brought to a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.registry.google import FakeKey
from zenstrap.events import Event
from zenstrap.platforms.gcp.connectors import CONNECTORS
from zenstrap.platforms.gcp.keys import parse_key
from zenstrap.registry.changes import (
    Registration,
    RegistrationChange,
)
from zenstrap.registry.diff import diff, removal
from zenstrap.registry.model import ActualRegistry, DesiredRegistry
from zenstrap.registry.reconciliation import after_proof, links_to_return
from zenstrap.registry.zenml_connectors import write_connectors
from zenstrap.registry.zenml_reading import read_registry
from zenstrap.registry.zenml_registry import (
    delete_registrations,
    write_after_proof,
    write_registry,
)
from zenstrap.registry.zenml_stacks import promote

if TYPE_CHECKING:
    from zenml.client import Client


def nothing() -> None:
    """A guard that lets everything pass."""


NONE: frozenset[str] = frozenset()


@dataclass
class Registering:
    """Brings a real store to a configuration, as the steps of a run do."""

    client: Client
    environment: str
    key: str = "first"
    events: list[Event] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    guard: Callable[[], None] = nothing
    planned: tuple[RegistrationChange, ...] = ()

    @property
    def actual(self) -> ActualRegistry:
        return read_registry(self.client, self.environment)

    def up(self, desired: DesiredRegistry, *, immutable: bool = True) -> list[Registration]:
        self.planned = changes = diff(desired, self.actual, immutable_versions=immutable)
        keys = {
            c.project: parse_key(FakeKey(self.key).base64, "test")
            for c in desired.connectors
            if c.method in ("service-account", "impersonation")
        }
        written = write_connectors(
            self.client,
            desired,
            self.actual,
            changes,
            CONNECTORS,
            keys=keys,
            run="run-1",
            guard=self.guard,
            wait=self.waits.append,
            emit=self.events.append,
        )
        written += write_registry(
            self.client,
            desired,
            self.actual,
            diff(desired, self.actual, immutable_versions=immutable),
            run="run-1",
            guard=self.guard,
            emit=self.events.append,
        )
        return list(written)

    def promote_all(self, desired: DesiredRegistry, *, unproven: frozenset[str] = NONE) -> None:
        for stack in desired.stacks:
            if stack.name not in unproven:
                promote(self.client, stack, self.actual, run="run-1", guard=nothing)
        actual = self.actual
        changes = diff(desired, actual, immutable_versions=False)
        returned = links_to_return(desired, actual, self.planned, unproven)
        settled = (*returned, *after_proof(desired, actual, changes, unproven, returned))
        write_after_proof(self.client, actual, settled, run="run-1", guard=nothing)

    def down(self) -> None:
        actual = self.actual
        delete_registrations(self.client, actual, removal(actual), guard=nothing)
