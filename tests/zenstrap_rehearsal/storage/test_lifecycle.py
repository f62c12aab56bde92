"""Lifecycle rules at a time of the test's choosing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from zenstrap_rehearsal.storage import StorageServer
from zenstrap_rehearsal.storage.lifecycle import due
from zenstrap_rehearsal.storage.versions import State, Version

MADE = datetime(2026, 1, 10, 10, tzinfo=UTC)
RETIRED = MADE + timedelta(days=5)
NOW = MADE + timedelta(days=20)


def version(state: State = State.LIVE, **fields: Any) -> Version:
    resource = {
        "name": "shared/model.bin",
        "generation": "1",
        "timeCreated": MADE.isoformat(),
        "storageClass": "STANDARD",
        **fields,
    }
    if state is State.NONCURRENT:
        resource["timeDeleted"] = RETIRED.isoformat()
    return Version(resource, state)


OLD = version(State.NONCURRENT)


@pytest.mark.parametrize(
    ("condition", "subject", "expected"),
    [
        ({"age": 20}, version(), True),
        ({"age": 21}, version(), False),
        ({"age": 0}, version(), True),
        ({"isLive": True}, version(), True),
        ({"isLive": True}, OLD, False),
        ({"isLive": False}, OLD, True),
        ({"daysSinceNoncurrentTime": 15}, OLD, True),
        ({"daysSinceNoncurrentTime": 16}, OLD, False),
        ({"daysSinceNoncurrentTime": 0}, version(), False),
        ({"noncurrentTimeBefore": "2026-01-16"}, OLD, True),
        ({"noncurrentTimeBefore": "2026-01-15"}, OLD, False),
        ({"createdBefore": "2026-01-11"}, version(), True),
        ({"createdBefore": "2026-01-10"}, version(), False),
        ({"customTimeBefore": "2026-01-11"}, version(), False),
        ({"daysSinceCustomTime": 1}, version(customTime=MADE.isoformat()), True),
        ({"numNewerVersions": 2}, OLD, True),
        ({"numNewerVersions": 3}, OLD, False),
        ({"matchesPrefix": ["other/", "shared/"]}, version(), True),
        ({"matchesPrefix": ["other/"]}, version(), False),
        ({"matchesSuffix": [".bin"]}, version(), True),
        ({"matchesStorageClass": ["NEARLINE"]}, version(), False),
        ({"age": 20, "matchesPrefix": ["other/"]}, version(), False),
    ],
)
def test_conditions_of_rules(condition: dict[str, Any], subject: Version, expected: bool) -> None:
    rules = [{"action": {"type": "Delete"}, "condition": condition}]
    assert (due(rules, subject, newer=2, now=NOW) is not None) is expected


def test_deleting_goes_before_another_class() -> None:
    cold = {"type": "SetStorageClass", "storageClass": "COLDLINE"}
    rules = [
        {"action": cold, "condition": {"age": 1}},
        {"action": {"type": "Delete"}, "condition": {"age": 15}},
    ]
    assert due(rules, version(), newer=0, now=NOW) == {"type": "Delete"}
    assert due(rules, version(), newer=0, now=MADE + timedelta(days=2)) == cold
    already = version(storageClass="COLDLINE")
    assert due(rules, already, newer=0, now=MADE + timedelta(days=2)) is None


@pytest.fixture
def later(server: StorageServer) -> Callable[[int], list[str]]:
    """Runs the lifecycle so many days from now; returns what was done."""

    def run(days: int) -> list[str]:
        deeds = server.run_lifecycle(datetime.now(UTC) + timedelta(days=days))
        return [f"{deed.action} {deed.name}" for deed in deeds]

    return run


def test_the_artifact_stores_rules(owner: Caller, later: Callable[[int], list[str]]) -> None:
    """Artifacts grow old, become noncurrent, then go; what others keep stays."""
    owner.make_bucket(
        versioning={"enabled": True},
        softDeletePolicy={"retentionDurationSeconds": 0},
        lifecycle={
            "rule": [
                {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
                {
                    "action": {"type": "Delete"},
                    "condition": {"daysSinceNoncurrentTime": 30, "isLive": False},
                },
                {
                    "action": {"type": "Delete"},
                    "condition": {"age": 90, "matchesPrefix": ["shared/"], "isLive": True},
                },
            ]
        },
    )
    owner.write("shared/a")
    owner.write("notes")
    assert later(89) == []
    assert later(91) == ["Delete shared/a"]
    assert owner.names() == ["notes"]
    assert len(owner.generations()) == 2
    assert later(120) == []
    assert later(122) == ["Delete shared/a"]
    assert len(owner.generations()) == 1
    assert owner.read("notes").content == b"x"


def test_a_deleted_object_is_soft_deleted(owner: Caller, later: Callable[[int], list[str]]) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 1}}
    owner.make_bucket(lifecycle={"rule": [rule]})
    owner.write("a")
    assert later(2) == ["Delete a"]
    assert owner.object("GET", "a").status == 404
    assert owner.names(softDeleted="true") == ["a"]
    assert later(2) == []
    later(10)
    assert owner.names(softDeleted="true") == []


def test_an_object_moves_to_another_class(owner: Caller, later: Callable[[int], list[str]]) -> None:
    action = {"type": "SetStorageClass", "storageClass": "COLDLINE"}
    owner.make_bucket(lifecycle={"rule": [{"action": action, "condition": {"age": 1}}]})
    owner.write("a", b"content")
    assert later(2) == ["SetStorageClass a"]
    assert later(3) == []
    found = owner.object("GET", "a").json
    assert (found["storageClass"], found["metageneration"]) == ("COLDLINE", "2")
    assert owner.read("a").content == b"content"
