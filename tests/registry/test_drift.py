"""What was changed outside, and what only a run that broke off left behind."""

from __future__ import annotations

from dataclasses import replace

from tests.registry.model_registry import ModelRegistry
from tests.registry.samples import stack
from zenstrap.registry.diff import diff
from zenstrap.registry.drift import changed_outside
from zenstrap.registry.model import DesiredRegistry

VERSION, ALIAS = "zenml-test-v1.0.0", "zenml-test"


def promoted() -> ModelRegistry:
    registry = ModelRegistry("test")
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/first"),))
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=True))
    return registry


def test_nothing_was_changed() -> None:
    assert changed_outside(promoted().actual()) == ()


def test_an_alias_that_somebody_gave_another_component() -> None:
    for name in (ALIAS, VERSION):
        registry = promoted()
        found = registry.stacks[name]
        others = {**found.components, "artifact_store": ("mine",)}
        registry.stacks[name] = replace(found, components=others)
        (told,) = changed_outside(registry.actual())
        assert ALIAS in told


def test_a_run_that_broke_off_before_it_could_promote_is_nobody_elses_change() -> None:
    registry = promoted()
    found = registry.stacks[VERSION]
    registry.stacks[VERSION] = replace(
        found,
        components={**found.components, "artifact_store": ("zenml-test-artifact-store-v1.1.0",)},
        labels={**found.labels, "content_hash": "that of its new components"},
    )
    assert changed_outside(registry.actual()) == ()
