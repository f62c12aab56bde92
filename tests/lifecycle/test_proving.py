"""When a smoke test counts as evidence: only for the very stack and content that it tested."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from zenstrap.lifecycle.proving import LastTest, is_proven

PASSED = {"passed": True, "stack_id": "one", "content_hash": "hash", "accuracy": 0.97}


def tested(**changed: Any) -> LastTest:
    return LastTest(PASSED | changed, datetime(2026, 11, 22, tzinfo=UTC))


def test_the_stack_as_it_was_tested_is_proven() -> None:
    assert is_proven(tested(), "one", "hash")


@pytest.mark.parametrize(
    ("test", "stack_id", "content_hash"),
    [
        (None, "one", "hash"),  # never tested
        (tested(passed=False), "one", "hash"),
        (tested(passed="yes"), "one", "hash"),
        (tested(), "another", "hash"),  # deleted and registered again under its name
        (tested(), None, "hash"),  # not registered
        (tested(), "one", "other"),  # updated in place
    ],
)
def test_anything_else_is_not(
    test: LastTest | None, stack_id: str | None, content_hash: str
) -> None:
    assert not is_proven(test, stack_id, content_hash)
