"""Which rescued state is put in the state's place: only one that goes on from what is there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenstrap.lifecycle.rescuing import to_put_back
from zenstrap.terraform.rescue import Rescued
from zenstrap.terraform.state import StateIdentity

IDENTITIES = st.builds(
    StateIdentity,
    lineage=st.sampled_from(["a", "b"]),
    serial=st.integers(0, 4),
    resources=st.integers(0, 1),
)


def rescued(serial: int, lineage: str = "a", *, is_proven: bool = True) -> Rescued:
    return Rescued(Path("x"), StateIdentity(lineage, serial, 1), b"", is_proven, written=200.0)


@given(
    found=st.lists(IDENTITIES, max_size=4),
    actual=st.none() | IDENTITIES,
    recorded=st.none() | IDENTITIES,
)
def test_nothing_newer_is_ever_lost(
    found: list[StateIdentity], actual: StateIdentity | None, recorded: StateIdentity | None
) -> None:
    offered = sorted(
        (rescued(one.serial, one.lineage) for one in found), key=lambda r: r.identity.serial
    )
    chosen = to_put_back(offered, actual, None, recorded)
    if chosen is None:
        return
    known = actual or recorded
    if known is None or (actual is None and not known.resources):
        return
    assert chosen.identity.lineage == known.lineage
    assert chosen.identity.serial >= known.serial and chosen.identity != actual
    same = [one for one in found if one.lineage == known.lineage]
    assert chosen.identity.serial == max(one.serial for one in same)


HEAD = json.dumps({"version": 4, "serial": 2, "lineage": "a", "resources": []}).encode()[:-9]
ONE = rescued(3)


@pytest.mark.parametrize(
    ("offered", "fragment", "recorded", "taken"),
    [
        (ONE, HEAD, None, True),  # the first run of all: no run could record anything
        (ONE, b"", None, True),
        (rescued(3, "b"), HEAD, None, False),
        (replace(ONE, is_proven=False), HEAD, None, True),
        (replace(ONE, is_proven=False), b"", None, False),  # another environment's, perhaps
        (ONE, b"", StateIdentity("b", 1, 1), False),
        (ONE, b"", StateIdentity("a", 9, 1), False),  # it is older than what was lost
        (ONE, b"", StateIdentity("a", 3, 1), True),
        (ONE, None, None, True),
        (ONE, None, StateIdentity("b", 1, 0), True),  # that one was taken down
        (replace(ONE, written=50.0), None, None, False),  # this one was
    ],
)
def test_where_the_state_is_damaged_or_missing(
    offered: Rescued, fragment: bytes | None, recorded: StateIdentity | None, taken: bool
) -> None:
    chosen = to_put_back([offered], None, fragment, recorded, since=100.0)
    assert (chosen is offered) == taken
