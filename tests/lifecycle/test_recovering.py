"""What `recover` decides: whose an environment is, and whether something has to be forgotten."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zenstrap.errors import RefusedError, StateGuardError
from zenstrap.lifecycle.recovering import Copy, Findings, Recovery, decide
from zenstrap.owner import Registry, new_owner
from zenstrap.runs import RunRecord
from zenstrap.terraform.state import StateIdentity, check_state
from zenstrap.user import user_name

OURS, THEIRS = "0123456789ab", "ba9876543210"
PLACE = "/home/ada/state"
THEN = datetime(2026, 11, 30, tzinfo=UTC)
HERE = Registry(id="z", project="p", url="sqlite:///x", project_name="default")
OWNER = new_owner("local", "ada", HERE, id=OURS)


def run(state: StateIdentity, *, host: str | None = None, place: str = PLACE) -> RunRecord:
    return RunRecord(
        id="1", name="local-bootstrap-1", command="up", status="completed", started=THEN,
        ended=None, user=user_name(), host=host or socket.gethostname(), pid=1, changes=1,
        state=state, place=place,
    )  # fmt: skip


def findings(**given: object) -> Findings:
    nothing = Findings("local", PLACE, state=None, fragment=None, owner=None)
    return replace(nothing, **given)  # type: ignore[arg-type]


def copy(serial: int, lineage: str = "a") -> Copy:
    return Copy(f"copy {serial}", StateIdentity(lineage, serial, 1), b"")


EARLIER = THEN - timedelta(days=1)
RECORDED = StateIdentity("a", 4, 2)
states = st.builds(
    StateIdentity,
    lineage=st.sampled_from(["a", "b"]),
    serial=st.integers(2, 6),
    resources=st.integers(0, 2),
)


@given(
    state=st.none() | states,
    recorded=st.none() | states,
    copies=st.lists(st.builds(copy, st.integers(2, 6), st.sampled_from(["a", "b"])), max_size=3),
    forgotten=st.sampled_from([None, EARLIER]),
)
@example(
    state=StateIdentity("a", 2, 0),
    recorded=StateIdentity("a", 3, 0),
    copies=[copy(2, "b")],
    forgotten=None,
)
def test_what_the_guard_lets_through_needs_no_recovery_and_the_rest_does(
    state: StateIdentity | None,
    recorded: StateIdentity | None,
    copies: list[Copy],
    forgotten: datetime | None,
) -> None:
    """Also where an earlier state was given up, and no `up` has come to its end since."""
    past = ((OURS, run(recorded)),) if recorded else ()
    owner = OWNER.forgetting(forgotten) if forgotten else OWNER
    found = findings(state=state, owner=owner, pasts=past, copies=tuple(copies))
    recovery = decide(found)
    try:
        check_state(recorded, state)
    except StateGuardError:
        assert recovery.loss
    else:
        assert recovery == Recovery(OURS)
        return
    assert recorded is not None
    after = recovery.copy.identity if recovery.copy else state
    if not recovery.forget:  # then the next run's guard lets it through as it is
        check_state(recorded, after)
    same = [one.identity.serial for one in copies if one.identity.lineage == recorded.lineage]
    assert recovery.forget == (max(same, default=0) < recorded.serial)
    if recovery.copy is not None:
        assert recovery.copy.identity.lineage == recorded.lineage
        assert recovery.copy.identity.serial == max(same)


@pytest.mark.parametrize(
    ("given", "loss"),
    [
        ({"fragment": b"", "owner": OWNER}, "empty"),
        ({"fragment": b"{", "owner": OWNER}, "damaged"),
        ({"stacks": ((OURS, 3),), "owner": OWNER}, "missing"),  # nobody's record tells
        ({"marks": (("/x", OURS),)}, "missing"),  # nor does ZenML
        ({"marks": (("/x", OURS),), "owner": OWNER}, ""),  # a killed run's: the next up adopts it
        ({"stacks": ((OURS, 3),), "owner": OWNER.taken_down()}, ""),
        ({"stacks": ((OURS, 3),), "owner": OWNER.forgetting(THEN)}, ""),
        ({"pasts": ((OURS, run(RECORDED)),), "owner": OWNER.taken_down()}, ""),
        ({}, ""),
    ],
)
def test_what_is_a_loss(given: dict[str, object], loss: str) -> None:
    recovery = decide(findings(**given))
    assert (loss in recovery.loss) if loss else not recovery.loss


def test_a_record_from_after_a_down_counts() -> None:
    down = OWNER.model_copy(update={"taken_down_at": THEN - timedelta(hours=1)})
    assert decide(findings(pasts=((OURS, run(RECORDED)),), owner=down)).loss


@pytest.mark.parametrize(
    ("given", "whose"),
    [
        ({"owner": OWNER, "marks": (("/x", THEIRS),), "stacks": ((OURS, 1),)}, OURS),
        ({"owner": OWNER.forgetting(THEN), "marks": (("/x", THEIRS),)}, OURS),
        ({"marks": (("/x", OURS),), "pasts": ((THEIRS, run(RECORDED)),)}, OURS),
        ({"pasts": ((OURS, run(RECORDED)), (THEIRS, run(RECORDED, host="x")))}, OURS),
        ({"pasts": ((OURS, run(RECORDED, place="")),)}, OURS),  # of an older version
        ({"pasts": (("", run(RECORDED)),)}, ""),  # likewise
        ({"pasts": ((THEIRS, run(RECORDED, host="another")),)}, None),
        ({"pasts": ((THEIRS, run(RECORDED, place="/home/bob/state")),)}, None),
        ({"pasts": (("", run(RECORDED, host="another")),)}, None),
        ({"pasts": ((OURS, run(RECORDED)), (THEIRS, run(RECORDED)))}, None),
        ({"stacks": ((THEIRS, 2),)}, None),
    ],
)
def test_whose_it_is(given: dict[str, object], whose: str | None) -> None:
    found = findings(**given)
    if whose is not None:
        assert decide(found).owner == whose
        return
    with pytest.raises(RefusedError):
        decide(found)
    ids = {one for one, _ in (*found.pasts, *found.stacks)} - {""}
    for one in ids:
        assert decide(found, owner=one).owner == one
    with pytest.raises(RefusedError, match="no environment local of owner"):
        decide(found, owner="ffffffffffff")


def test_a_state_that_lies_elsewhere_is_not_forgotten_by_mistake() -> None:
    """The cloud's things carry our mark wherever the configuration looks for the state."""
    old = run(RECORDED, host="another", place="gs://old/zenstrap/dev/dev.tfstate")
    found = findings(
        place="gs://new/zenstrap/dev/dev.tfstate", pasts=((OURS, old),), marks=(("bucket x", OURS),)
    )
    with pytest.raises(RefusedError) as refused:
        decide(found)
    assert refused.value.where == old.place
    assert decide(found, owner=OURS).forget  # it is lost there, too
    assert decide(replace(found, place=old.place)).forget


def test_a_copy_is_told_by_what_is_left_of_the_state() -> None:
    """Before any run could record one."""
    head = b'{"version": 4, "serial": 2, "lineage": "b", "resour'
    found = findings(fragment=head, owner=OWNER, copies=(copy(9, "a"), copy(3, "b")))
    assert decide(found).copy == copy(3, "b")
    assert decide(found).forget  # nobody knows whether it is the last one


@pytest.mark.parametrize(("serial", "chosen"), [(3, False), (5, False), (6, True)])
def test_no_older_copy_is_put_over_a_newer_state_of_the_same_lineage(
    serial: int, chosen: bool
) -> None:
    """The state is lost as it is older than recorded, but it is more than an older copy."""
    found = findings(
        state=StateIdentity("a", 5, 2),
        owner=OWNER,
        pasts=((OURS, run(StateIdentity("a", 7, 2))),),
        copies=(copy(serial),),
    )
    recovery = decide(found)
    assert recovery.loss and recovery.forget
    assert recovery.copy == (copy(serial) if chosen else None)


SECOND_ID = {"owner": OWNER, "marks": (("/x", THEIRS),)}
STATE = StateIdentity("a", 5, 2)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"state": StateIdentity("n", 1, 0)},  # of a plan that Terraform refused
        {"pasts": ((OURS, run(StateIdentity("n", 1, 0))),)},
        {"pasts": ((OURS, run(STATE)),), "owner": OWNER.taken_down()},
        {"state": STATE, "in_state": frozenset({THEIRS})},  # the lost state came back
    ],
)
def test_an_id_of_whom_there_is_nothing_gives_way_to_that_of_the_marks(
    given: dict[str, object],
) -> None:
    """An `up` of an earlier version created it, after everything but the marks was lost."""
    found = findings(**{**SECOND_ID, **given})
    with pytest.raises(RefusedError) as refused:
        decide(found)
    assert THEIRS in (refused.value.why or "")
    assert f"--owner={THEIRS}" in (refused.value.command or "")
    recovery = decide(found, owner=THEIRS)
    assert (recovery.owner, recovery.instead_of) == (THEIRS, OURS)
    assert recovery.loss and recovery.forget == ("in_state" not in given)
    assert decide(found, owner=OURS).owner == OURS


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"state": STATE}, "the state holds 2 resources"),
        ({"state": STATE, "in_state": frozenset({OURS})}, "the state holds 2 resources"),
        ({"pasts": ((OURS, run(STATE)),)}, "recorded 2 resources"),
        ({"stacks": ((OURS, 3),)}, "3 stacks of theirs"),
        ({"marks": (("/x", THEIRS), ("/y", OURS))}, "/y has their mark"),
        ({"fragment": b"{"}, "may be theirs"),
    ],
)
def test_an_owner_that_contradicts_what_is_known_is_refused(
    given: dict[str, object], told: str
) -> None:
    found = findings(**{**SECOND_ID, **given})
    assert decide(found).owner == OURS
    with pytest.raises(RefusedError) as refused:
        decide(found, owner=THEIRS)
    assert OURS in (refused.value.why or "") and told in (refused.value.why or "")


@pytest.mark.parametrize(
    "given",
    [
        {"marks": (("/x", OURS),), "pasts": ((THEIRS, run(RECORDED)),)},
        {"state": STATE, "in_state": frozenset({OURS}), "stacks": ((THEIRS, 1),)},
        {"state": STATE, "pasts": ((OURS, run(STATE)),), "stacks": ((THEIRS, 1),)},
    ],
)
def test_so_it_is_without_an_owner_file(given: dict[str, object]) -> None:
    with pytest.raises(RefusedError, match="is not the environment of owner"):
        decide(findings(**given), owner=THEIRS)
    assert decide(findings(**given)).owner == OURS
