"""The diff as laws: nothing to do after it was done, whatever was there before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry import model_registry
from tests.registry.samples import (
    component,
    registries,
    stack,
)
from zenstrap.errors import NameTakenError, RefusedError, UsageError
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.changes import Action, Kind
from zenstrap.registry.diff import diff, removal
from zenstrap.registry.model import (
    CONTENT_HASH,
    ActualComponent,
    ActualConnector,
    ActualStack,
    DesiredRegistry,
)


@given(st.lists(registries(), min_size=1, max_size=4))
def test_after_the_diff_was_carried_out_it_is_empty(history: list[DesiredRegistry]) -> None:
    registry = model_registry.ModelRegistry("test")
    for desired in history:
        changes = diff(desired, registry.actual(), immutable_versions=False)
        registry.carry_out(desired, changes)
        assert diff(desired, registry.actual(), immutable_versions=False) == ()


@given(registries(), registries(), st.integers(min_value=0, max_value=30))
def test_a_run_that_broke_off_anywhere_is_completed_by_the_next(
    before: DesiredRegistry, desired: DesiredRegistry, writes: int
) -> None:
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    changes = diff(desired, registry.actual(), immutable_versions=False)
    registry.carry_out(desired, changes[:writes])
    rest = diff(desired, registry.actual(), immutable_versions=False)
    registry.carry_out(desired, rest)
    assert diff(desired, registry.actual(), immutable_versions=False) == ()


@given(st.lists(registries(), min_size=1, max_size=3), st.booleans())
def test_the_order_of_a_listing_makes_no_difference(
    history: list[DesiredRegistry], backwards: bool
) -> None:
    registry = model_registry.ModelRegistry("test")
    for desired in history:
        changes = diff(desired, registry.actual(), immutable_versions=False)
        again = diff(desired, registry.actual(backwards=backwards), immutable_versions=False)
        assert changes == again
        registry.carry_out(desired, changes)
    assert removal(registry.actual()) == removal(registry.actual(backwards=backwards))


@given(st.lists(registries(), min_size=1, max_size=3))
def test_removal_leaves_nothing(history: list[DesiredRegistry]) -> None:
    registry = model_registry.ModelRegistry("test")
    for desired in history:
        registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
    registry.carry_out(history[-1], removal(registry.actual()))
    assert not (registry.stacks or registry.components or registry.connectors)


@given(
    st.lists(registries(), min_size=1, max_size=3),
    st.sets(st.sampled_from(["zenml-test-mine", "zenml-test-fraud-mine", "zenml-test-v9"])),
    st.sampled_from([{}, {"managed_by": "zenstrap", "environment": "other"}, {"team": "x"}]),
)
def test_what_isnt_ours_stays_as_it_is(
    history: list[DesiredRegistry], names: set[str], labels: dict[str, str]
) -> None:
    registry = model_registry.ModelRegistry("test")
    for name in names:
        registry.connectors[name] = ActualConnector("1", name, "gcp", "implicit", {}, labels)
        registry.components[("deployer", name)] = ActualComponent(
            "2", name, "deployer", "gcp", {}, labels, connector=name
        )
        registry.stacks[name] = ActualStack("3", name, {"deployer": (name,)}, labels)
    before = registry.actual()
    for desired in history:
        registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
    registry.carry_out(history[-1], removal(registry.actual()))
    assert registry.actual() == before


@given(st.lists(registries(), min_size=2, max_size=4))
def test_no_component_of_ours_is_left_without_its_connector(
    history: list[DesiredRegistry],
) -> None:
    registry = model_registry.ModelRegistry("test")
    for desired in history:
        registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
        linked = {c.connector for c in registry.components.values() if c.connector}
        assert linked <= registry.connectors.keys()
        assert {c.name for c in desired.connectors} <= registry.connectors.keys()


def test_removal_takes_aliases_then_stacks_components_and_connectors() -> None:
    stacks = (
        stack("1.0.0", None, "/a", "implicit"),
        stack("1.0.0", "fraud", "/b", "implicit"),
    )
    desired = DesiredRegistry("test", stacks)
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
    kinds = [change.kind for change in removal(registry.actual())]
    assert kinds == sorted(
        kinds, key=[Kind.ALIAS, Kind.STACK, Kind.COMPONENT, Kind.CONNECTOR].index
    )
    assert set(kinds) == set(Kind)


def test_another_run_id_is_no_change() -> None:
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=True))
    registry.relabel(run="another")
    assert diff(desired, registry.actual(), immutable_versions=True) == ()


def test_a_label_changed_outside_is_put_right() -> None:
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=True))
    registry.relabel(cost_center="stray")
    fields = {
        f.field
        for change in diff(desired, registry.actual(), immutable_versions=True)
        for f in change.fields
    }
    assert fields == {"label cost_center"}


def test_the_alias_follows_the_content_and_not_only_the_version() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    after = DesiredRegistry("test", (stack("1.0.0", None, "/b"),))
    changes = diff(after, registry.actual(), immutable_versions=False)
    assert [(c.kind, c.action) for c in changes] == [
        (Kind.COMPONENT, Action.UPDATE),
        (Kind.STACK, Action.UPDATE),
        (Kind.ALIAS, Action.PROMOTE),
    ]


def test_the_same_version_with_other_content_is_refused_where_versions_are_immutable() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=True))
    after = DesiredRegistry("test", (stack("1.0.0", None, "/b"),))
    with pytest.raises(RefusedError, match="other content"):
        diff(after, registry.actual(), immutable_versions=True)


def test_another_flavor_under_the_same_version_is_refused() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    one = before.stacks[0]
    parts = {kind: replace(part, flavor="gcp") for kind, part in one.components.items()}
    after = DesiredRegistry("test", (replace(one, components=parts),))
    with pytest.raises(RefusedError, match="flavor"):
        diff(after, registry.actual(), immutable_versions=False)


@pytest.mark.parametrize("name", ["zenml-test", "zenml-test-v1.0.0"])
def test_somebody_elses_stack_is_never_touched(name: str) -> None:
    registry = model_registry.ModelRegistry("test")
    registry.add_foreign_stack(name)
    with pytest.raises(NameTakenError, match=name):
        diff(
            DesiredRegistry("test", (stack("1.0.0", None, "/a"),)),
            registry.actual(),
            immutable_versions=False,
        )
    assert removal(registry.actual()) == ()


def test_what_a_dropped_project_leaves_is_deleted_and_nothing_else() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"), stack("1.0.0", "fraud", "/b")))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=False))
    after = DesiredRegistry("test", before.stacks[:1])
    changes = diff(after, registry.actual(), immutable_versions=False)
    assert [(c.action, c.name) for c in changes] == [
        (Action.DELETE, "zenml-test-fraud"),
        (Action.DELETE, "zenml-test-fraud-v1.0.0"),
        (Action.DELETE, "zenml-test-fraud-artifact-store-v1.0.0"),
    ]


def test_the_content_hash_of_a_stack_covers_its_components_settings() -> None:
    assert stack("1.0.0", None, "/a").content_hash != stack("1.0.0", None, "/b").content_hash
    assert CONTENT_HASH == "content_hash"


def keys_then_keyless(*, immutable: bool) -> tuple[model_registry.ModelRegistry, DesiredRegistry]:
    """An older version kept beside the current one, both by key; then the way without keys."""
    registry = model_registry.ModelRegistry("test")
    for version in ("1.0.0", "1.1.0"):
        before = DesiredRegistry("test", (stack(version, None, "/a", "service-account"),))
        registry.carry_out(before, diff(before, registry.actual(), immutable_versions=immutable))
    return registry, DesiredRegistry("test", (stack("1.1.0", None, "/a", "implicit"),))


def test_from_key_to_keyless_in_place_kept_versions_too() -> None:
    registry, after = keys_then_keyless(immutable=True)
    changes = diff(after, registry.actual(), immutable_versions=True)
    assert [(c.kind, c.action, c.name) for c in changes] == [
        (Kind.CONNECTOR, Action.CREATE, "zenml-test-implicit-connector"),
        (Kind.COMPONENT, Action.UPDATE, "zenml-test-artifact-store-v1.1.0"),
        (Kind.COMPONENT, Action.UPDATE, "zenml-test-artifact-store-v1.0.0"),
        (Kind.STACK, Action.UPDATE, "zenml-test-v1.1.0"),
        (Kind.ALIAS, Action.PROMOTE, "zenml-test"),
        (Kind.CONNECTOR, Action.DELETE, "zenml-test-service-account-connector"),
    ]
    registry.carry_out(after, changes)
    assert {c.connector for c in registry.components.values()} == {
        "zenml-test-implicit-connector",
        None,
    }


def test_a_connector_stays_while_somebody_elses_component_uses_it() -> None:
    registry, after = keys_then_keyless(immutable=False)
    registry.components[("deployer", "zenml-test-mine")] = ActualComponent(
        "1", "zenml-test-mine", "deployer", "gcp", {}, {}, "zenml-test-service-account-connector"
    )
    changes = diff(after, registry.actual(), immutable_versions=False)
    assert not [c for c in changes if c.action is Action.DELETE]
    assert "zenml-test-mine" not in {c.name for c in changes}


def test_another_key_is_noticed_and_asks_for_a_new_test() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a", "service-account"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=True))
    rotated = stack("1.0.0", None, "/a", "service-account", key="second")
    changes = diff(DesiredRegistry("test", (rotated,)), registry.actual(), immutable_versions=True)
    assert [(c.kind, c.action) for c in changes] == [
        (Kind.CONNECTOR, Action.UPDATE),
        (Kind.STACK, Action.UPDATE),
        (Kind.ALIAS, Action.PROMOTE),
    ]
    assert rotated.content_hash != before.stacks[0].content_hash


def test_what_is_known_after_apply_only_makes_the_hashes_unknown_too() -> None:
    one = stack("1.0.0", None, UNKNOWN, "service-account", key="first")
    assert one.components["artifact_store"].content_hash == UNKNOWN == one.content_hash
    assert stack("1.0.0", None, "/a", "service-account", key=UNKNOWN).content_hash == UNKNOWN


def test_the_refusal_says_which_version_to_bump_to_what() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", "fraud", "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=True))
    with pytest.raises(RefusedError) as refusal:
        diff(
            DesiredRegistry("test", (stack("1.0.0", "fraud", "/b"),)),
            registry.actual(),
            immutable_versions=True,
        )
    key = "components.artifact_store.version in configs/ml_projects/fraud.yaml"
    assert refusal.value.fix and f"\n  {key} to 1.0.1" in refusal.value.fix


def test_a_stack_that_gets_other_components_needs_a_version() -> None:
    registry = model_registry.ModelRegistry("test")
    before = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(before, diff(before, registry.actual(), immutable_versions=True))
    one = before.stacks[0]
    parts = dict(one.components) | {"deployer": component("deployer", "1.0.0", None)}
    with pytest.raises(RefusedError) as refusal:
        diff(
            DesiredRegistry("test", (replace(one, components=parts),)),
            registry.actual(),
            immutable_versions=True,
        )
    assert "\n  stack.version to 1.0.1 (zenml-test-v1.0.0)" in (refusal.value.fix or "")


@pytest.mark.parametrize("name", ["zenml-test", "zenml-test-v1.0.0"])
def test_what_is_adopted_by_name_is_taken_over_and_then_ours(name: str) -> None:
    registry = model_registry.ModelRegistry("test")
    registry.add_foreign_stack(name)
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    changes = diff(desired, registry.actual(), immutable_versions=True, adopt=frozenset({name}))
    assert [c.name for c in changes if c.action is Action.ADOPT] == [name]
    registry.carry_out(desired, changes)
    assert diff(desired, registry.actual(), immutable_versions=True) == ()


def test_a_connector_of_another_kind_under_our_name_is_refused_even_if_adopted() -> None:
    registry = model_registry.ModelRegistry("test")
    name = "zenml-test-implicit-connector"
    registry.connectors[name] = ActualConnector("1", name, "aws", "implicit", {}, {})
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a", "implicit"),))
    with pytest.raises(RefusedError, match="aws"):
        diff(desired, registry.actual(), immutable_versions=False, adopt=frozenset({name}))


def test_a_candidate_that_never_passed_may_be_corrected() -> None:
    """Nobody works with it, and what is current doesn't stand on it."""
    registry = model_registry.ModelRegistry("test")
    current = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(current, diff(current, registry.actual(), immutable_versions=True))
    failed = DesiredRegistry("test", (stack("1.1.0", None, "/b"),))
    changes = diff(failed, registry.actual(), immutable_versions=True)
    registry.carry_out(failed, [one for one in changes if one.kind is not Kind.ALIAS])

    corrected = DesiredRegistry("test", (stack("1.1.0", None, "/c"),))
    again = diff(corrected, registry.actual(), immutable_versions=True)
    assert {one.name for one in again if one.action is Action.UPDATE} == {
        "zenml-test-artifact-store-v1.1.0",
        "zenml-test-v1.1.0",
    }
    registry.carry_out(corrected, again)
    with pytest.raises(RefusedError, match="other content"):  # it is current now
        diff(failed, registry.actual(), immutable_versions=True)


def test_what_a_candidate_shares_with_what_is_current_stays() -> None:
    registry = model_registry.ModelRegistry("test")
    current = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    registry.carry_out(current, diff(current, registry.actual(), immutable_versions=True))
    one = stack("1.1.0", None, "/b")
    shared = dict(one.components) | {"orchestrator": component("orchestrator", "1.0.0", None, x=1)}
    with pytest.raises(RefusedError) as refusal:
        diff(
            DesiredRegistry("test", (replace(one, components=shared),)),
            registry.actual(),
            immutable_versions=True,
        )
    assert "stack.components.orchestrator.version to 1.0.1" in (refusal.value.fix or "")


def test_a_name_to_adopt_that_nothing_is_called_is_told() -> None:
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a"),))
    empty = model_registry.ModelRegistry("test").actual()
    with pytest.raises(UsageError) as caught:
        diff(desired, empty, immutable_versions=True, adopt=frozenset({"zenml-tset"}))
    assert "zenml-tset" in caught.value.what and "zenml-test" in (caught.value.fix or "")
    diff(desired, empty, immutable_versions=True, adopt=frozenset({"zenml-test"}))
