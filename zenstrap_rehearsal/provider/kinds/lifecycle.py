"""A bucket's lifecycle rules, converted between Terraform and Google."""

from __future__ import annotations

from typing import Any, Final

from zenstrap_rehearsal.provider.kind import first
from zenstrap_rehearsal.provider.mapping import camel
from zenstrap_rehearsal.provider.values import Object

_NUMBERS: Final = (
    "age",
    "days_since_custom_time",
    "days_since_noncurrent_time",
    "num_newer_versions",
)
_TEXTS: Final = ("created_before", "custom_time_before", "noncurrent_time_before")
_LISTS: Final = ("matches_prefix", "matches_storage_class", "matches_suffix")

# A number 0 in the configuration is ignored unless its switch is true.
_SEND_ZERO: Final = {name: f"send_{name}_if_zero" for name in _NUMBERS}


def rules_to_google(rules: Any) -> list[Object]:
    return [
        {
            "action": _action(first(rule.get("action"))),
            "condition": _condition(first(rule.get("condition"))),
        }
        for rule in rules or []
    ]


def rules_from_google(google_rules: list[Object], known: Any) -> list[Object]:
    """Google's rules; the switches, which only Terraform has, are kept from the known state."""
    rules = []
    for index, rule in enumerate(google_rules):
        before = known[index] if isinstance(known, list) and index < len(known) else {}
        condition = rule.get("condition", {})
        live = condition.get("isLive")
        switches = first(before.get("condition"))
        rules.append(
            {
                "action": [
                    {
                        "type": rule["action"]["type"],
                        "storage_class": rule["action"].get("storageClass", ""),
                    }
                ],
                "condition": [
                    {
                        **{name: condition.get(camel(name), 0) for name in _NUMBERS},
                        **{name: condition.get(camel(name), "") for name in _TEXTS},
                        **{name: condition.get(camel(name), []) for name in _LISTS},
                        **{name: switches.get(name) or False for name in _SEND_ZERO.values()},
                        "with_state": "ANY" if live is None else "LIVE" if live else "ARCHIVED",
                    }
                ],
            }
        )
    return rules


def _action(action: Object) -> Object:
    sent = {"type": action["type"]}
    if action.get("storage_class"):
        sent["storageClass"] = action["storage_class"]
    return sent


def _condition(condition: Object) -> Object:
    sent: Object = {}
    for name in _NUMBERS:
        if condition.get(name) or (condition.get(_SEND_ZERO[name]) is True):
            sent[camel(name)] = condition.get(name) or 0
    for name in (*_TEXTS, *_LISTS):
        if condition.get(name):
            sent[camel(name)] = condition[name]
    if condition.get("with_state") in ("LIVE", "ARCHIVED"):
        sent["isLive"] = condition["with_state"] == "LIVE"
    return sent
