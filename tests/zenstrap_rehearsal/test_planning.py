"""From proposed to planned values, as the SDK of the real provider does it."""

from __future__ import annotations

from typing import Any

from zenstrap_rehearsal.provider import planning
from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.rules import Rules
from zenstrap_rehearsal.provider.values import UNKNOWN, Object

TEXT = {"type": "string"}
BLOCK = Block.of(
    {
        "attributes": {
            "name": {**TEXT, "required": True},
            "mode": {**TEXT, "optional": True},
            "size": {"type": "number", "optional": True},
            "zones": {"type": ["set", "string"], "optional": True},
            "id": {**TEXT, "computed": True},
            "tier": {**TEXT, "optional": True, "computed": True},
        },
        "block_types": {
            "rule": {
                "nesting_mode": "list",
                "block": {
                    "attributes": {
                        "age": {"type": "number", "optional": True},
                        "state": {**TEXT, "optional": True, "computed": True},
                    }
                },
            },
            "policy": {
                "nesting_mode": "set",
                "block": {
                    "attributes": {
                        "id": {**TEXT, "required": True},
                        "after": {**TEXT, "optional": True},
                        "action": {**TEXT, "optional": True},
                    }
                },
            },
            "versions": {
                "nesting_mode": "list",
                "max_items": 1,
                "block": {"attributes": {"on": {"type": "bool", "required": True}}},
            },
        },
    }
)


def same_number(left: Any, right: Any) -> bool:
    return bool(str(left).rstrip("sd") == str(right).rstrip("sd"))


RULES = Rules(
    defaults={"mode": "plain", "policy.action": "KEEP"},
    force_new=frozenset({"name", "rule.age"}),
    computed_blocks=frozenset({"versions"}),
    equivalent={"policy.after": same_number},
)


def value(**given: Any) -> Object:
    conformed = BLOCK.conform({"name": "a", **given})
    assert conformed is not None
    return conformed


def applied(**given: Any) -> Object:
    return value(id="1", mode="plain", tier="gold", versions=[{"on": False}], **given)


def changes(prior: Object, proposed: Object) -> tuple[set[str], list[tuple[str | int, ...]]]:
    planned = planning.fill(BLOCK, RULES, prior, proposed)
    found = planning.compare(BLOCK, RULES, prior, planned)
    changed = {k for k in prior if found.planned[k] != prior[k]}
    return changed, found.replace


def test_a_new_thing_has_defaults_and_what_google_will_decide() -> None:
    planned = planning.fill(BLOCK, RULES, None, value(rule=[{"age": 1, "state": None}]))
    assert planned["mode"] == "plain"
    assert planned["id"] == planned["tier"] == planned["versions"] == UNKNOWN
    assert planned["rule"] == [{"age": 1, "state": UNKNOWN}]
    assert planned["size"] is None


def test_a_computed_block_that_is_configured_stays() -> None:
    planned = planning.fill(BLOCK, RULES, None, value(versions=[{"on": True}]))
    assert planned["versions"] == [{"on": True}]


def test_a_computed_block_that_is_no_longer_configured_keeps_its_value() -> None:
    assert changes(applied(), value(id="1", tier="gold")) == (set(), [])


def test_the_order_in_a_set_means_nothing() -> None:
    prior = applied(zones=["a", "b"], policy=[policy("x"), policy("y")])
    same = applied(zones=["b", "a"], policy=[policy("y"), policy("x")])
    assert changes(prior, same) == (set(), [])
    assert changes(prior, applied(zones=["b"], policy=[policy("y"), policy("x")]))[0] == {"zones"}


def test_the_order_in_a_list_means_something() -> None:
    prior = applied(rule=[{"age": 1, "state": "x"}, {"age": 2, "state": "x"}])
    turned = applied(rule=[{"age": 2, "state": "x"}, {"age": 1, "state": "x"}])
    assert changes(prior, turned)[0] == {"rule"}


def test_null_and_empty_are_alike() -> None:
    assert changes(applied(size=0, zones=[]), applied(size=None, zones=None)) == (set(), [])


def test_what_means_the_same_to_google_is_no_change_even_in_a_set() -> None:
    prior = applied(policy=[policy("x", after="30s")])
    assert changes(prior, applied(policy=[{"id": "x", "after": "30d", "action": None}])) == (
        set(),
        [],
    )
    assert changes(prior, applied(policy=[policy("x", after="31d")]))[0] == {"policy"}


def test_what_forces_replacement_says_where() -> None:
    assert changes(applied(), {**applied(), "name": "b"}) == ({"name"}, [("name",)])
    prior = applied(rule=[{"age": 1, "state": "x"}])
    assert changes(prior, applied(rule=[{"age": 2, "state": "x"}]))[1] == [("rule", 0, "age")]
    assert changes(applied(), applied(size=3))[1] == []


def test_what_nobody_computed_becomes_null() -> None:
    planned = planning.fill(BLOCK, RULES, None, value())
    planning.settle(BLOCK, planned)
    assert (planned["id"], planned["versions"]) == (None, [])


def test_an_empty_value_that_google_adds_is_no_difference() -> None:
    base = value(rule=[{"age": None, "state": "x"}])
    found = {**value(rule=[{"age": 0, "state": "x"}]), "mode": "", "zones": []}
    assert planning.quieten(BLOCK, base, found) == base
    assert planning.quieten(BLOCK, base, {**found, "size": 3})["size"] == 3


def policy(name: str, after: str | None = None) -> Object:
    return {"id": name, "after": after, "action": "KEEP"}
