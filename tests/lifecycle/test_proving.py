"""When a smoke test counts as evidence: only for the very stack and content that it tested."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import trainings
from tests.lifecycle.callers import caller
from tests.registry.google import configured
from zenstrap.errors import FullDiskError
from zenstrap.lifecycle.proving import LastTest, is_proven, last_test, last_tests, prove
from zenstrap.platforms import platform_of
from zenstrap.registry.changes import Registration
from zenstrap.reports import SmokeTestReport
from zenstrap.running import Run

if TYPE_CHECKING:
    from zenml.client import Client

PASSED = {"passed": True, "stack_id": "one", "content_hash": "hash", "accuracy": 0.97}


def last(**changed: Any) -> LastTest:
    return LastTest(PASSED | changed, datetime(2026, 11, 22, tzinfo=UTC))


def test_the_stack_as_it_was_tested_is_proven() -> None:
    assert is_proven(last(), "one", "hash", "demands")  # as older versions recorded it
    assert is_proven(last(demands=""), "one", "hash", "demands")
    assert is_proven(last(demands="demands"), "one", "hash", "demands")


@pytest.mark.parametrize(
    ("test", "stack_id", "content_hash"),
    [
        (None, "one", "hash"),  # never tested
        (last(passed=False), "one", "hash"),
        (last(passed="yes"), "one", "hash"),
        (last(), "another", "hash"),  # deleted and registered again under its name
        (last(), None, "hash"),  # not registered
        (last(), "one", "other"),  # updated in place
        (last(demands="others"), "one", "hash"),  # another training, say
    ],
)
def test_anything_else_is_not(
    test: LastTest | None, stack_id: str | None, content_hash: str
) -> None:
    assert not is_proven(test, stack_id, content_hash, "demands")


@dataclass
class Reports:
    """ZenML's answers about smoke tests: (stack, whether it passed), newest first."""

    tests: list[tuple[str, bool]]
    asked: int = 0

    def list_artifact_versions(
        self, *, artifact: str, sort_by: str, size: int, hydrate: bool, run_metadata: Any = ()
    ) -> Any:
        assert (artifact, sort_by, hydrate) == ("prod_smoke_test", "desc:created", True)
        self.asked += 1
        wanted = [one.removeprefix("stack:") for one in run_metadata]
        found = [
            SimpleNamespace(run_metadata={"stack": stack, "passed": passed}, created=number)
            for number, (stack, passed) in enumerate(self.tests)
            if not wanted or stack in wanted
        ]
        return SimpleNamespace(items=found[:size], total_pages=-(-len(found) // size))


STACKS = ("base", "fraud", "shop")


@given(tests=st.lists(st.tuples(st.sampled_from((*STACKS, "retired")), st.booleans()), max_size=20))
def test_all_at_once_is_as_one_by_one(tests: list[tuple[str, bool]]) -> None:
    reports: Any = Reports(tests)
    each = {stack: last_test(reports, "prod", stack) for stack in STACKS}
    found = last_tests(reports, "prod", STACKS)
    assert {stack: found.get(stack) for stack in STACKS} == each


def test_the_newest_tests_are_asked_for_once() -> None:
    reports: Any = Reports([(stack, True) for stack in STACKS] + [("retired", True)] * 30)
    assert set(last_tests(reports, "prod", STACKS)) >= set(STACKS)
    assert reports.asked == 1
    assert last_tests(reports, "prod", ()) == {}
    assert reports.asked == 1


def proving(client: Client, training: str) -> SmokeTestReport:
    """The proof of ZenML's default stack by one of the trainings that fail."""
    from pipelines.smoke_training import smoke_training

    config = configured("local", smoke_test__training=f"tests.trainings:{training}")
    stack = client.get_stack("default")
    candidate = Registration(
        kind="stack", name=stack.name, id=str(stack.id), version="1.0.0", content_hash="hash"
    )
    return prove(candidate, smoke_training, caller(), Run(platform_of(config), "up"))


def test_what_a_training_raised_is_told_with_its_place(client: Client) -> None:
    """ZenML's record of it differs between its versions."""
    report = proving(client, "crashing")
    line = inspect.getsourcelines(trainings.crashing)[1] + 1
    place = f"({trainings.__file__}:{line})"
    assert report.reason == (
        f"its step train_model failed: ValueError: no such column: weight {place}"
    )


def test_a_full_disk_is_no_result_of_a_training(client: Client) -> None:
    with pytest.raises(FullDiskError) as caught:
        proving(client, "filling")
    assert caught.value.where == "/data/checkpoint"
