"""Lifecycle rules in Terraform's shape and in Google's."""

from __future__ import annotations

from typing import Any

import pytest

from zenstrap_rehearsal.provider.kinds.lifecycle import rules_from_google, rules_to_google


def rule(**condition: Any) -> list[dict[str, Any]]:
    return [{"action": [{"type": "Delete", "storage_class": None}], "condition": [condition]}]


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        ({"age": 7, "with_state": "LIVE"}, {"age": 7, "isLive": True}),
        ({"age": 7, "with_state": "ARCHIVED"}, {"age": 7, "isLive": False}),
        ({"age": 7, "with_state": "ANY"}, {"age": 7}),
        ({"age": 0}, {}),
        ({"age": 0, "send_age_if_zero": True}, {"age": 0}),
        ({"matches_prefix": ["a/"], "created_before": "2026-01-01"}, None),
        ({"num_newer_versions": 3, "days_since_noncurrent_time": 30}, None),
    ],
)
def test_what_is_sent_is_what_is_read_back(condition: Any, sent: Any) -> None:
    found = rules_to_google(rule(**condition))
    if sent is not None:
        assert found == [{"action": {"type": "Delete"}, "condition": sent}]
    read = rules_from_google(found, rule(**condition))
    (back,) = read[0]["condition"]
    assert {k: back[k] for k in condition} == condition
    assert rules_to_google(read) == found


def test_a_storage_class_is_part_of_the_action() -> None:
    rules = rule(age=7)
    rules[0]["action"] = [{"type": "SetStorageClass", "storage_class": "NEARLINE"}]
    found = rules_to_google(rules)
    assert found[0]["action"] == {"type": "SetStorageClass", "storageClass": "NEARLINE"}
    assert rules_from_google(found, rules)[0]["action"] == rules[0]["action"]
