"""From one connector to another as laws: nobody who is current loses a way that works."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.registry.model_registry import ModelRegistry
from tests.registry.test_diff import registries, stack
from zenstrap.registry.changes import Action, Kind, RegistrationChange
from zenstrap.registry.diff import diff
from zenstrap.registry.model import DesiredRegistry
from zenstrap.registry.succession import after_proof, links_to_return, waits_for_proof

UNPROVEN = st.frozensets(st.sampled_from([None, "fraud", "recommendation", "search"]))


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


def ways(registry: ModelRegistry, alias: str) -> dict[str, str | None]:
    """The connector of each component that an alias has."""
    parts = registry.stacks[alias].components if alias in registry.stacks else {}
    return {
        name: registry.components[(kind, name)].connector
        for kind, names in parts.items()
        for name in names
        if registry.components[(kind, name)].connector
    }


@given(registries(), registries())
def test_what_is_current_keeps_its_connectors_until_others_are_proven(
    before: DesiredRegistry, desired: DesiredRegistry
) -> None:
    registry = ModelRegistry("test")
    up(registry, before, frozenset())
    projects = frozenset(s.project for s in desired.stacks)
    aliases = {s.alias for s in before.stacks if s.project in projects}
    current = {alias: ways(registry, alias) for alias in aliases}
    linked_before = any(current.values())
    up(registry, desired, projects)
    if linked_before and desired.connectors:
        assert {alias: ways(registry, alias) for alias in aliases} == current
    for alias in aliases:
        assert set(ways(registry, alias).values()) <= registry.connectors.keys()


@given(st.lists(st.tuples(registries(), UNPROVEN), min_size=1, max_size=4))
def test_after_any_failures_a_run_that_passes_leaves_nothing_to_do(
    history: list[tuple[DesiredRegistry, frozenset[str | None]]],
) -> None:
    registry = ModelRegistry("test")
    for desired, failing in history:
        up(registry, desired, failing)
        linked = {c.connector for c in registry.components.values() if c.connector}
        assert linked <= registry.connectors.keys()
    last, _ = history[-1]
    up(registry, last, frozenset())
    assert diff(last, registry.actual(), immutable_versions=False) == ()


def test_each_project_goes_over_by_itself() -> None:
    registry = ModelRegistry("test")

    def by(method: str) -> DesiredRegistry:
        targets = (None, "fraud")
        return DesiredRegistry("test", tuple(stack("1.0.0", t, "/a", method) for t in targets))

    up(registry, by("service-account"), frozenset())
    settled = up(registry, by("implicit"), frozenset({"fraud"}))
    assert [(c.action, c.name) for c in settled] == [
        (Action.DELETE, "zenml-test-service-account-connector")
    ]
    assert ways(registry, "zenml-test") == {
        "zenml-test-artifact-store-v1.0.0": "zenml-test-implicit-connector"
    }
    assert ways(registry, "zenml-test-fraud") == {
        "zenml-test-fraud-artifact-store-v1.0.0": "zenml-test-fraud-service-account-connector"
    }
