"""Whose an environment is: every combination of what lies beside the state and what ZenML knows."""

from __future__ import annotations

import itertools
import shlex
from datetime import UTC, datetime

import pytest

from tests.conftest import Home
from zenstrap import invocation, paths
from zenstrap.config.names import environment_name_fault
from zenstrap.errors import NameTakenError, StateGuardError
from zenstrap.invocation import Invocation
from zenstrap.lifecycle import ownership
from zenstrap.lifecycle.ownership import Decision, Evidence, decide
from zenstrap.owner import Owner, Registry
from zenstrap.runs import RunRecord
from zenstrap.terraform.state import StateIdentity

HERE = Registry(id="a", project="p", url="https://zenml.example", project_name="default")
OTHER_PROJECT = HERE.model_copy(update={"project": "q", "project_name": "risk-team"})
OTHER_ZENML = Registry(id="b", project="p", url="https://other.example", project_name="default")
MINE = "0123456789ab"


def owner(registry: Registry) -> Owner:
    return Owner(
        schema="zenstrap/owner/1",
        id=MINE,
        environment="local",
        user="ada",
        host="laptop",
        made_at=datetime(2026, 11, 29, tzinfo=UTC),
        registry=registry,
    )


def record(resources: int, owner: str = "", lineage: str = "mine") -> RunRecord:
    return RunRecord(
        id="1",
        name="local-bootstrap-1",
        command="up",
        status="completed",
        started=None,
        ended=None,
        user="ben",
        host="desk",
        pid=1,
        changes=1,
        state=StateIdentity(lineage, 1, resources),
        owner=owner,
    )


def state(resources: int) -> StateIdentity:
    return StateIdentity("mine", 2, resources)


def found(**given: object) -> Evidence:
    base = {"environment": "local", "place": "/state", "owner": None, "state": None, "here": HERE}
    return Evidence(**{**base, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("evidence", "decision"),
    [
        # Nobody has been here.
        (found(), Decision(None)),
        (found(last=record(0)), Decision(None)),
        (found(state=state(0)), Decision(None)),
        # From before there were ids, or the file is lost: the state's lineage proves it.
        (found(state=state(3), proof=record(3)), Decision(None)),
        (found(state=state(3), proof=record(3, owner=MINE)), Decision(MINE)),
        # It has an owner.
        (found(owner=owner(HERE)), Decision(MINE)),
        (found(owner=owner(HERE), state=state(3)), Decision(MINE)),
        (found(owner=owner(OTHER_ZENML), state=state(0)), Decision(MINE, moved=True)),
        (found(owner=owner(OTHER_PROJECT)), Decision(MINE, moved=True)),
    ],
)
def test_it_is_ours(evidence: Evidence, decision: Decision) -> None:
    assert decide(evidence, this_zenml=False) == decision
    assert decide(evidence, this_zenml=True) == decision


@pytest.mark.parametrize(
    ("evidence", "error", "told"),
    [
        (found(last=record(2)), NameTakenError, "ben on desk"),
        (
            found(state=state(0), last=record(2, owner="ba9876543210")),
            NameTakenError,
            "ben on desk",
        ),
        (found(state=state(3)), StateGuardError, "no run of local"),
        (found(state=state(3), elsewhere="risk-team"), StateGuardError, "project risk-team"),
        (found(owner=owner(OTHER_ZENML), state=state(1)), StateGuardError, "another ZenML"),
        (found(owner=owner(OTHER_PROJECT), state=state(1)), StateGuardError, "project risk-team"),
    ],
)
def test_it_is_refused(evidence: Evidence, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as refused:
        decide(evidence, this_zenml=False)
    assert told in str(refused.value)


def test_somebody_elses_is_never_taken_by_the_flag_for_a_zenml_that_is_gone() -> None:
    with pytest.raises(NameTakenError):
        decide(found(last=record(2)), this_zenml=True)


def test_nothing_that_terraform_made_is_given_to_a_zenml_that_does_not_know_it() -> None:
    """Over all combinations: with resources in the state, somebody must vouch for them here."""
    owners = (None, owner(HERE), owner(OTHER_ZENML), owner(OTHER_PROJECT))
    states = (None, state(0), state(1))
    proofs = (None, record(1), record(1, owner=MINE))
    lasts = (None, record(0), record(2), record(2, owner="ba9876543210"))
    elsewheres = (None, "risk-team")
    for whose, there, proof, last, elsewhere in itertools.product(
        owners, states, proofs, lasts, elsewheres
    ):
        evidence = found(owner=whose, state=there, proof=proof, last=last, elsewhere=elsewhere)
        vouched = proof is not None if whose is None else whose.registry.is_same(HERE)
        try:
            decision = decide(evidence, this_zenml=False)
        except (NameTakenError, StateGuardError):
            continue
        assert vouched or not evidence.is_up
        assert decision.id in (None, MINE)


@pytest.mark.parametrize(
    ("refused", "files", "folders", "suggested"),
    [
        ("local", (), (), "ada"),
        ("ada", (), (), "ada2"),
        ("ada2", (), (), "ada3"),  # or the two would be suggested in turns
        ("ada9", (), ("ada10",), "ada11"),
        ("adabot", (), (), "ada"),
        ("local", ("ada",), (), "ada2"),  # the loader refuses the name of a file
        ("local", ("ada2",), ("ada",), "ada3"),
    ],
)
def test_the_suggested_name_is_free_as_far_as_is_known(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    refused: str,
    files: tuple[str, ...],
    folders: tuple[str, ...],
    suggested: str,
) -> None:
    for file in files:
        (home.configs / f"environments/{file}.yaml").touch()
    for folder in folders:
        paths.environment_folder(folder).mkdir(parents=True)
    monkeypatch.setattr(ownership, "user_name", lambda: "Ada")
    given = {"--env": ("--env", "local"), "--name": ("--name", refused), "--yes": ("--yes",)}
    taken = {"up": frozenset(given)}
    with (
        invocation.called(Invocation("up", refused, given, taken)),
        pytest.raises(NameTakenError) as error,
    ):
        decide(found(environment=refused, last=record(2)), this_zenml=False)
    words = shlex.split(error.value.command or "")
    assert words[2:] == ["up", "--env", "local", "--name", suggested]


@pytest.mark.parametrize("user", ["0day", "-", "default", "x" * 40, "x" * 16, "Ada.Lovelace"])
@pytest.mark.parametrize("refused", ["local", "x" * 16, "mine", "mine999"])
def test_the_suggested_name_is_always_one(
    home: Home, monkeypatch: pytest.MonkeyPatch, user: str, refused: str
) -> None:
    monkeypatch.setattr(ownership, "user_name", lambda: user)
    name = ownership._suggested_name(refused)
    assert environment_name_fault(name) is None and name != refused
