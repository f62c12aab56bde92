"""When a smoke test counts as evidence: only for the very stack and content that it tested."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from zenstrap.lifecycle.proving import LastTest, is_proven

PASSED = {"passed": True, "stack_id": "one", "content_hash": "hash", "accuracy": 0.97}


def last(**changed: Any) -> LastTest:
    return LastTest(PASSED | changed, datetime(2026, 11, 22, tzinfo=UTC))


def test_the_stack_as_it_was_tested_is_proven() -> None:
    assert is_proven(last(), "one", "hash")


@pytest.mark.parametrize(
    ("test", "stack_id", "content_hash"),
    [
        (None, "one", "hash"),  # never tested
        (last(passed=False), "one", "hash"),
        (last(passed="yes"), "one", "hash"),
        (last(), "another", "hash"),  # deleted and registered again under its name
        (last(), None, "hash"),  # not registered
        (last(), "one", "other"),  # updated in place
    ],
)
def test_anything_else_is_not(
    test: LastTest | None, stack_id: str | None, content_hash: str
) -> None:
    assert not is_proven(test, stack_id, content_hash)
