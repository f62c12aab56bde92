"""What is left of an approved plan, and what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenstrap.redaction import UNKNOWN
from zenstrap.terraform.plan import AttributeChange, KeptResource, Plan, ResourceChange
from zenstrap.terraform.remainder import is_remainder

paths = st.sampled_from(["labels.team", "location", "name", "rule[0].age"])
shown = st.none() | st.sampled_from(['"a"', '"b"', "1", UNKNOWN])
attributes = st.dictionaries(paths, st.tuples(shown, shown), max_size=3).map(
    lambda found: tuple(
        AttributeChange(path=path, before=before, after=after)
        for path, (before, after) in sorted(found.items())
    )
)
actions = st.sampled_from(["create", "update", "replace", "destroy"])
resources = st.dictionaries(
    st.sampled_from(["x.a", "x.b", "x.c", "module.m.x.a"]), st.tuples(actions, attributes)
)
plans = resources.map(
    lambda found: plan(
        *(
            ResourceChange(address=address, type="x", action=action, attributes=given)
            for address, (action, given) in sorted(found.items())
        )
    )
)


KEY = KeptResource(address="kms.key", type="google_kms_crypto_key")


def plan(*changes: ResourceChange, kept: tuple[KeptResource, ...] = ()) -> Plan:
    return Plan(changes=changes, outputs={}, kept=kept, terraform_version="1.11.4", digest="unused")


def change(action: str, address: str = "x.a", **rest: Any) -> ResourceChange:
    attributes = tuple(
        AttributeChange(path=path, before=None, after=after)
        for path, after in rest.pop("after", {}).items()
    )
    return ResourceChange(
        address=address,
        type="x",
        action=action,  # type: ignore[arg-type]
        attributes=attributes,
        **rest,
    )


@given(plans, st.data())
def test_what_was_not_done_yet_is_a_remainder(approved: Plan, data: st.DataObject) -> None:
    left = data.draw(st.lists(st.booleans(), min_size=4, max_size=4))
    rest = tuple(one for one, stays in zip(approved.changes, left, strict=False) if stays)
    assert is_remainder(approved, plan(*rest))


@given(plans)
def test_anything_more_is_not(approved: Plan) -> None:
    assert not is_remainder(approved, plan(*approved.changes, change("create", "x.new")))
    assert not is_remainder(approved, plan(*approved.changes, kept=(KEY,)))


@pytest.mark.parametrize(
    ("approved", "rest", "expected"),
    [
        # the first half of a replacement is done
        (change("replace"), change("create"), True),
        (change("replace"), change("destroy", "x.a (deposed 1f2e)"), True),
        (change("create"), change("destroy", "x.a (deposed 1f2e)"), False),
        # its creation failed halfway
        (change("create"), change("replace", reason="replace_because_tainted"), True),
        (change("create"), change("replace", reason="replace_because_cannot_update"), False),
        (change("create"), change("update", importing=True), True),
        (change("create"), change("update"), False),
        # another thing altogether
        (change("create"), change("destroy"), False),
        (change("update"), change("replace"), False),
        (change("update"), change("create"), False),  # somebody deleted it meanwhile
        (change("destroy"), change("create"), False),
        # values
        (change("create", after={"n": UNKNOWN}), change("create", after={"n": '"7"'}), True),
        (change("create", after={"n": UNKNOWN}), change("create", after={"n.x": '"7"'}), True),
        (change("create", after={"n": UNKNOWN}), change("create", after={"name": '"7"'}), False),
        (change("create", after={"n": '"6"'}), change("create", after={"n": '"7"'}), False),
        (change("create", after={"n": '"6"'}), change("create", after={}), False),
        (change("update", after={"n": '"6"', "m": "1"}), change("update", after={"m": "1"}), True),
        (change("update", after={"n": '"6"'}), change("update", after={"m": '"6"'}), False),
        # taken away: only from what a failed creation left behind
        (change("update", after={"n": '"6"'}), change("update", after={"m": None}), False),
        (
            change("create", after={"n": '"6"'}),
            change("replace", reason="replace_because_tainted", after={"m": None}),
            True,
        ),
    ],
)
def test_by_example(approved: ResourceChange, rest: ResourceChange, expected: bool) -> None:
    assert is_remainder(plan(approved), plan(rest)) is expected
