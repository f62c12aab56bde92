"""The diff as laws: nothing to do after it was done, whatever was there before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry import model_registry
from zenstrap.errors import NameTakenError, RefusedError
from zenstrap.registry.changes import Action, Kind
from zenstrap.registry.diff import diff, removal
from zenstrap.registry.model import (
    CONTENT_HASH,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)

PROJECTS = st.lists(st.sampled_from(["fraud", "recommendation", "search"]), unique=True)
VERSIONS = st.sampled_from(["1.0.0", "1.1.0"])
PATHS = st.sampled_from(["/a", "/b"])


def component(
    kind: str, version: str, project: str | None, **configuration: str
) -> DesiredComponent:
    owner = f"-{project}" if project else ""
    labels = {"managed_by": "zenstrap", "environment": "test"}
    return DesiredComponent(
        name=f"zenml-test{owner}-{kind.replace('_', '-')}-v{version}",
        type=kind,
        flavor="local",
        configuration=configuration,
        version=version,
        project=project,
        labels=labels | ({"ml_project": project} if project else {}),
    )


def stack(version: str, project: str | None, path: str) -> DesiredStack:
    owner = f"-{project}" if project else ""
    parts = [
        component("artifact_store", version, project, path=path),
        component("orchestrator", "1.0.0", None),
    ]
    labels = {"managed_by": "zenstrap", "environment": "test"}
    return DesiredStack(
        name=f"zenml-test{owner}-v{version}",
        alias=f"zenml-test{owner}",
        version=version,
        project=project,
        components={part.type: part for part in parts},
        labels=labels | ({"ml_project": project} if project else {}),
    )


@st.composite
def registries(draw: st.DrawFn) -> DesiredRegistry:
    targets = [None, *draw(PROJECTS)]
    stacks = tuple(stack(draw(VERSIONS), target, draw(PATHS)) for target in targets)
    return DesiredRegistry(environment="test", stacks=stacks)


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


@given(registries())
def test_removal_leaves_nothing(desired: DesiredRegistry) -> None:
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
    registry.carry_out(desired, removal(registry.actual()))
    assert not registry.actual().stacks and not registry.actual().components


def test_removal_takes_aliases_then_stacks_then_components() -> None:
    desired = DesiredRegistry("test", (stack("1.0.0", None, "/a"), stack("1.0.0", "fraud", "/b")))
    registry = model_registry.ModelRegistry("test")
    registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=False))
    kinds = [change.kind for change in removal(registry.actual())]
    assert kinds == sorted(kinds, key=[Kind.ALIAS, Kind.STACK, Kind.COMPONENT].index)


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
