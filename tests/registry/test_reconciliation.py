"""What is to be written, held against the plan that was approved, field by field.

And from one connector to another as laws: nobody who is current loses a way that works.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.google import configured, outputs_of
from tests.registry.model_registry import ModelRegistry, up
from tests.registry.samples import registries, stack
from zenstrap.errors import PlanChangedError
from zenstrap.platforms import platform_of
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    Registration,
    RegistrationChange,
)
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.diff import diff
from zenstrap.registry.model import ActualRegistry, DesiredRegistry
from zenstrap.registry.reconciliation import Reconciliation, is_connector_write

UNPROVEN = st.frozensets(st.sampled_from([None, "fraud", "recommendation", "search"]))


def reconcile(desired: DesiredRegistry, actual: ActualRegistry) -> Reconciliation:
    return Reconciliation.of(desired, actual, (), immutable_versions=False)


@given(registries(), registries())
def test_after_the_connectors_is_left_what_a_second_reading_would_find(
    before: DesiredRegistry, desired: DesiredRegistry
) -> None:
    registry = ModelRegistry("test")
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    found = reconcile(desired, registry.actual())
    registry.carry_out(desired, [change for change in found.changes if is_connector_write(change)])
    written = [
        Registration(kind=Kind.CONNECTOR, name=c.name, id=c.name, version="", content_hash="")
        for c in desired.connectors
    ]
    left, again = found.with_connectors(written), reconcile(desired, registry.actual())
    assert left.changes == again.changes
    assert {name: c.id for name, c in left.actual.connectors.items()} == {
        name: c.id for name, c in again.actual.connectors.items()
    }


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_the_apply_made_known_is_as_planned(environment: str) -> None:
    config = configured(environment)

    def wanted(**outputs: Any) -> DesiredRegistry:
        made = platform_of(config).registrations(outputs_of(config, **outputs), {})
        return desired_registry(config, made)

    unknown = dict.fromkeys(outputs_of(config), UNKNOWN)
    empty, registry = ModelRegistry(environment), ModelRegistry(environment)
    registry.carry_out(wanted(), diff(wanted(), registry.actual(), immutable_versions=False))
    for actual in (empty.actual(), registry.actual()):
        planned = reconcile(wanted(**unknown), actual).changes
        assert any(not field.is_known for change in planned for field in change.fields)
        reconcile(wanted(), actual).require_as_planned(planned)


def setting(name: str, before: str | None, after: str | None) -> FieldChange:
    return FieldChange(kind=FieldKind.SETTING, name=name, before=before, after=after)


def update(*fields: FieldChange) -> RegistrationChange:
    return RegistrationChange(
        kind=Kind.COMPONENT,
        action=Action.UPDATE,
        name="store",
        component_type="artifact_store",
        fields=fields,
    )


def is_accepted(planned: Iterable[RegistrationChange], found: Iterable[RegistrationChange]) -> bool:
    seen = Reconciliation(DesiredRegistry("test", ()), ModelRegistry("test").actual(), tuple(found))
    try:
        seen.require_as_planned(planned)
    except PlanChangedError:
        return False
    return True


LATER = setting("path", "/a", f"gs://{UNKNOWN}/b")
MOVED = setting("path", "/a", "gs://bucket/b")
OWNER = setting("owner", "ada", "eve")


@pytest.mark.parametrize(
    ("planned", "found", "accepted"),
    [
        ([update(LATER)], [update(MOVED)], True),
        ([update(LATER)], [], True),
        ([update(LATER, OWNER)], [update(MOVED, OWNER)], True),
        ([update(LATER, OWNER)], [update(OWNER)], True),
        # What was known stays as it was shown, whatever else is unknown.
        ([update(LATER, OWNER)], [update(MOVED, setting("owner", "ada", "mallory"))], False),
        ([update(LATER, OWNER)], [update(MOVED, setting("owner", "bob", "eve"))], False),
        ([update(LATER, OWNER)], [update(MOVED)], False),
        ([update(LATER, OWNER)], [], False),
        ([update(LATER)], [update(setting("path", "/elsewhere", "gs://bucket/b"))], False),
        ([update(LATER)], [update(MOVED, OWNER)], False),
        ([update(OWNER)], [update(MOVED)], False),
        ([update(OWNER)], [], False),
        ([], [update(OWNER)], False),
        ([update(OWNER)], [update(OWNER).model_copy(update={"action": Action.ADOPT})], False),
        ([update(OWNER)], [update(OWNER).model_copy(update={"note": "in other words"})], True),
    ],
)
def test_known_fields_are_as_shown_and_unknown_ones_are_free(
    planned: list[RegistrationChange], found: list[RegistrationChange], accepted: bool
) -> None:
    assert is_accepted(planned, found) is accepted


def test_a_deletion_that_somebody_else_made_is_noticed() -> None:
    gone = RegistrationChange(kind=Kind.STACK, action=Action.DELETE, name="zenml-test-v1.0.0")
    assert is_accepted([gone], [gone])
    assert not is_accepted([gone], [])


def test_an_alias_whose_content_turns_out_the_same_gets_its_labels_only() -> None:
    registry = ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    registry.relabel(cost_center="stray")
    planned = reconcile(
        DesiredRegistry("test", (stack("1.0.0", None, UNKNOWN),)), registry.actual()
    ).changes
    assert planned[-1].action is Action.PROMOTE
    found = reconcile(before, registry.actual())
    assert found.changes[-1].action is Action.UPDATE
    found.require_as_planned(planned)


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
