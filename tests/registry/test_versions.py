"""What was promoted, what to go back to, what is kept: laws and examples."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.model_registry import NOW, ModelRegistry
from tests.registry.samples import stack
from zenstrap.errors import RefusedError, UsageError
from zenstrap.registry.changes import Kind
from zenstrap.registry.diff import diff
from zenstrap.registry.drift import changed_outside
from zenstrap.registry.model import (
    PROMOTIONS,
    ActualRegistry,
    ActualStack,
    DesiredRegistry,
    is_alias,
    version_of,
)
from zenstrap.registry.versions import (
    beyond_retention,
    promotion_record,
    promotions,
    rollback_change,
    rollback_target,
    rolled_back_from,
    versions_of,
)

VERSIONS = st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "2.0.0"])


def promoted(*versions: str, project: str | None = None) -> ModelRegistry:
    """A registry in which one stack got these versions, one after another."""
    registry = ModelRegistry("test")
    for version in versions:
        desired = DesiredRegistry("test", (stack(version, project, f"/{version}"),))
        registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=True))
    return registry


def roll_back(registry: ModelRegistry, to: str | None = None) -> str:
    """As ``rollback`` does it: the alias gets the target's components, version and a record."""
    target = rollback_target(registry.actual(), None, to)
    alias = registry.stacks["zenml-test"]
    version = target.labels["version"]
    labels = {**target.labels, **promotion_record(alias, version, at=NOW, run="r")}
    registry.stacks[alias.name] = replace(alias, components=target.components, labels=labels)
    return version


def previous_version(actual: ActualRegistry) -> str | None:
    """Of the base stack: what a rollback goes back to."""
    previous = versions_of(actual, None).previous
    return version_of(previous[0]) if previous else None


def test_back_and_further_back_and_no_further() -> None:
    registry = promoted("1.0.0", "1.1.0", "1.2.0")
    assert previous_version(registry.actual()) == "1.1.0"
    assert roll_back(registry) == "1.1.0"
    assert roll_back(registry) == "1.0.0"
    found = versions_of(registry.actual(), None)
    assert [s.name for s in found.rolled_back] == ["zenml-test-v1.1.0", "zenml-test-v1.2.0"]
    assert found.candidates == ()
    with pytest.raises(UsageError, match="no earlier version"):
        roll_back(registry)


def test_to_what_was_rolled_back_from_and_back_again() -> None:
    registry = promoted("1.0.0", "1.1.0", "1.2.0")
    assert roll_back(registry, "1.0.0") == "1.0.0"
    assert roll_back(registry, "1.2.0") == "1.2.0"
    found = versions_of(registry.actual(), None)
    assert [s.name for s in found.rolled_back] == ["zenml-test-v1.1.0"]
    assert roll_back(registry) == "1.0.0"


def test_a_promotion_ends_its_being_rolled_back_from() -> None:
    registry = promoted("1.0.0", "1.1.0")
    assert roll_back(registry) == "1.0.0"
    assert rolled_back_from(registry.actual(), None, "1.1.0") == "r"
    desired = DesiredRegistry("test", (stack("1.1.0", None, "/1.1.0"),))
    (change,) = diff(desired, registry.actual(), immutable_versions=True)
    assert change.note == "rolled back from by r: tested again"
    registry.carry_out(desired, [change])
    assert rolled_back_from(registry.actual(), None, "1.1.0") is None
    assert roll_back(registry) == "1.0.0"


def test_the_record_of_todays_version_is_read_and_nothing_of_it_is_lost() -> None:
    at = "2026-11-25T02:14:45+00:00"
    old = [["1.2.0", at, "up-3"], ["1.1.0", at, "up-2"], ["1.0.0", at, "up-1"]]
    alias = ActualStack("1", "zenml-test", {}, {PROMOTIONS: json.dumps(old)})
    new = promotions(replace(alias, labels=promotion_record(alias, "1.1.0", at=NOW, run="r")))
    assert [(p.version, p.run, p.rolled_back_by) for p in new] == [
        ("1.1.0", "r", None),
        ("1.2.0", "up-3", "r"),
        ("1.0.0", "up-1", None),
    ]
    assert new[1].rolled_back_at == NOW and new[1].at == datetime.fromisoformat(at)


def test_back_to_a_named_version() -> None:
    registry = promoted("1.0.0", "1.1.0", "1.2.0")
    assert roll_back(registry, "1.0.0") == "1.0.0"


def test_only_what_was_promoted_can_be_gone_back_to() -> None:
    registry = promoted("1.0.0", "1.1.0")
    candidate = DesiredRegistry("test", (stack("2.0.0", None, "/2"),))
    changes = diff(candidate, registry.actual(), immutable_versions=True)
    registry.carry_out(candidate, [c for c in changes if c.kind is not Kind.ALIAS])
    for version in ("2.0.0", "3.0.0"):
        with pytest.raises(UsageError, match=r"1\.0\.0"):
            rollback_target(registry.actual(), None, version)
    with pytest.raises(RefusedError, match=r"1\.1\.0"):
        rollback_target(registry.actual(), None, "1.1.0")


def test_a_rollback_is_shown_as_one_alias() -> None:
    actual = promoted("1.0.0", "1.1.0").actual()
    change = rollback_change(actual, rollback_target(actual, None, None))
    assert (change.kind, change.name) == (Kind.ALIAS, "zenml-test")
    assert [(f.before, f.after) for f in change.fields] == [("1.1.0", "1.0.0")]


def test_what_is_no_longer_registered_is_no_way_back() -> None:
    registry = promoted("1.0.0", "1.1.0", "1.2.0")
    del registry.stacks["zenml-test-v1.1.0"]
    assert previous_version(registry.actual()) == "1.0.0"


def test_somebody_elses_stacks_are_no_versions() -> None:
    registry = promoted("1.0.0")
    registry.stacks["zenml-test-v0.9.0"] = ActualStack(
        "1", "zenml-test-v0.9.0", {}, {"version": "0.9.0"}
    )
    found = versions_of(registry.actual(), None)
    assert (found.previous, found.candidates) == ((), ())


@pytest.mark.parametrize(
    "record",
    [
        "",
        "{}",
        "[1]",
        '[["1.0.0","yesterday","r"]]',
        "[[]]",
        '[["1.0.0","2026-11-25","r","soon","q"]]',
    ],
)
def test_a_record_that_was_edited_reads_as_none(record: str) -> None:
    assert promotions(ActualStack("1", "zenml-test", {}, {PROMOTIONS: record})) == ()


def test_the_record_says_when_and_by_which_run() -> None:
    at = datetime(2026, 11, 25, 2, 14, 45, tzinfo=UTC)
    labels = promotion_record(None, "1.0.0", at=at, run="prod-bootstrap-1")
    (one,) = promotions(ActualStack("1", "zenml-test", {}, labels))
    assert (one.version, one.at, one.run) == ("1.0.0", at, "prod-bootstrap-1")


@given(st.lists(VERSIONS, min_size=1, max_size=8))
def test_the_newest_promotion_is_current_and_no_version_counts_twice(history: list[str]) -> None:
    registry = promoted(*history)
    found = versions_of(registry.actual(), None)
    assert found.current is not None and found.current.labels["version"] == history[-1]
    standing = (found.current, *found.previous, *found.rolled_back)
    names = [s.name for s in (*standing, *found.candidates)]
    assert sorted(names) == sorted({f"zenml-test-v{version}" for version in history})
    assert found.promotions.keys() == {s.labels["version"] for s in standing}


@given(st.lists(VERSIONS, min_size=1, max_size=8), st.integers(1, 5))
def test_retention_keeps_the_last_ones_the_current_and_what_they_use(
    history: list[str], keep: int
) -> None:
    registry = promoted(*history)
    before = versions_of(registry.actual(), None)
    registry.carry_out(DesiredRegistry("test", ()), beyond_retention(registry.actual(), keep))
    after = versions_of(registry.actual(), None)
    assert after.current == before.current and after.candidates == before.candidates
    assert after.rolled_back == before.rolled_back
    assert after.previous == before.previous[: keep - 1]
    for one in registry.stacks.values():
        assert all(
            (k, n) in registry.components for k, names in one.components.items() for n in names
        )
    assert beyond_retention(registry.actual(), keep) == ()


def test_retention_is_counted_for_each_stack_and_a_shared_component_stays() -> None:
    registry = promoted("1.0.0", "1.1.0")
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        desired = DesiredRegistry(
            "test", (stack("1.1.0", None, "/1.1.0"), stack(version, "fraud", "/f"))
        )
        registry.carry_out(desired, diff(desired, registry.actual(), immutable_versions=True))
    gone = {change.name for change in beyond_retention(registry.actual(), 2)}
    assert gone == {"zenml-test-fraud-v1.0.0", "zenml-test-fraud-artifact-store-v1.0.0"}


@pytest.mark.parametrize("written", ["broken", "9.9.9", None])
def test_a_stack_whose_label_somebody_edited_is_still_what_its_name_says(
    written: str | None,
) -> None:
    registry = promoted("1.0.0", "1.1.0")
    edited = registry.stacks["zenml-test-v1.0.0"]
    labels = {name: value for name, value in edited.labels.items() if name != "version"}
    labels |= {"version": written} if written else {}
    registry.stacks[edited.name] = replace(edited, labels=labels)
    actual = registry.actual()
    assert not is_alias(actual.stacks[edited.name])
    assert previous_version(actual) == "1.0.0"
    assert rollback_target(actual, None, None).name == edited.name
    (told,) = changed_outside(actual)
    assert edited.name in told and "gone" not in told
