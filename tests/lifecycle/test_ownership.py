"""Whose an environment is: every combination of what lies beside the state and what ZenML knows."""

from __future__ import annotations

import itertools
import shlex
import socket
from datetime import UTC, datetime

import pytest

from tests.conftest import Home
from zenstrap import invocation, paths
from zenstrap.config.names import environment_name_fault
from zenstrap.errors import NameTakenError, StateGuardError
from zenstrap.invocation import Invocation
from zenstrap.lifecycle import ownership
from zenstrap.lifecycle.other_zenml import registered_elsewhere, relation
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


THEIRS = "ba9876543210"
# As after the file of a local database was deleted: the id comes from ZenML's config.yaml.
ANEW = HERE.model_copy(update={"project": "old"})
NEW = {"p": "default"}
BOTH = NEW | {"q": "risk-team"}
GAVE_UP = owner(HERE).forgetting(datetime(2026, 11, 30, tzinfo=UTC))


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
        (found(owner=owner(OTHER_PROJECT), projects=BOTH), Decision(MINE, moved=True)),
        (found(owner=owner(ANEW), projects=NEW), Decision(MINE, moved=True, gone=True)),
        # The mark of what is there is the owner's, or doesn't count.
        (found(owner=owner(HERE), marks=(("/x", MINE), ("/y", THEIRS))), Decision(MINE)),
        (found(owner=GAVE_UP, marks=(("/x", THEIRS),)), Decision(MINE)),
        (found(state=state(3), proof=record(3), in_state=frozenset({MINE})), Decision(MINE)),
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
        (
            found(owner=owner(OTHER_PROJECT), state=state(1), projects=BOTH),
            StateGuardError,
            "project risk-team",
        ),
        (found(owner=owner(ANEW), state=state(1), projects=NEW), StateGuardError, "was made anew"),
        (
            found(owner=owner(OTHER_PROJECT), state=state(1), projects=NEW),
            StateGuardError,
            "risk-team, which local is registered in, isn't there",
        ),
        (found(marks=(("/x", THEIRS),)), NameTakenError, THEIRS),
        (found(state=state(0), marks=(("/x", THEIRS),)), NameTakenError, "run.py recover"),
        (found(owner=owner(HERE), marks=(("/x", THEIRS),)), NameTakenError, MINE),
    ],
)
def test_it_is_refused(evidence: Evidence, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as refused:
        decide(evidence, this_zenml=False)
    assert told in str(refused.value)


def test_somebody_elses_is_never_taken_by_the_flag_for_a_zenml_that_is_gone() -> None:
    with pytest.raises(NameTakenError):
        decide(found(last=record(2)), this_zenml=True)


@pytest.mark.parametrize(
    ("before", "now", "host", "related"),
    [
        ("https://zenml.example", "https://zenml.example/", "desk", "anew"),
        ("https://zenml.example", "https://other.example", "desk", "elsewhere"),
        ("http://127.0.0.1:8237", "http://127.0.0.1:8237", "", "address"),  # whoever answers there
        ("sqlite:////x/zenml.db", "sqlite:////x/zenml.db", "", "anew"),
        ("sqlite:////x/zenml.db", "sqlite:////x/zenml.db", "desk", "address"),
        ("sqlite:////x/zenml.db", "sqlite:////y/zenml.db", "", "elsewhere"),
    ],
)
@pytest.mark.parametrize("same_id", [False, True])
def test_whether_it_is_the_same_zenml_made_anew(
    before: str, now: str, host: str, related: str, same_id: bool
) -> None:
    there = Registry(id="a", project="old", url=before, project_name="default")
    whose = owner(there).model_copy(update={"host": host or socket.gethostname()})
    here = HERE.model_copy(update={"url": now, "id": "a" if same_id else "b"})
    if same_id and related == "address":
        related = "anew"  # no two machines have the same id
    assert relation(whose, here, NEW) == related
    told = registered_elsewhere(whose, here, NEW, "1 resource")
    assert ("made anew" in str(told)) == (related != "elsewhere")
    assert told.command == "python run.py up --env local --this-zenml"


def test_nothing_that_terraform_made_is_given_to_a_zenml_that_does_not_know_it() -> None:
    """Over all combinations: with resources in the state, somebody must vouch for them here."""
    owners = (None, owner(HERE), owner(OTHER_ZENML), owner(OTHER_PROJECT))
    states = (None, state(0), state(1))
    proofs = (None, record(1), record(1, owner=MINE))
    lasts = (None, record(0), record(2), record(2, owner="ba9876543210"))
    elsewheres = (None, "risk-team")
    marks = ((), (("/x", MINE),), (("/x", THEIRS),))
    for whose, there, proof, last, elsewhere, marked in itertools.product(
        owners, states, proofs, lasts, elsewheres, marks
    ):
        evidence = found(
            owner=whose, state=there, proof=proof, last=last, elsewhere=elsewhere, marks=marked,
            projects=BOTH,
        )  # fmt: skip
        vouched = proof is not None if whose is None else whose.registry.is_same(HERE)
        try:
            decision = decide(evidence, this_zenml=False)
        except (NameTakenError, StateGuardError):
            continue
        assert vouched or not evidence.is_up
        assert decision.id in (None, MINE)
        if decision.id is None:  # a new one is created
            assert not marked or evidence.is_up


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
