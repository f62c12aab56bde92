"""Whose an environment is: two people on one ZenML, another ZenML, another project, a lost id."""

from __future__ import annotations

import shlex
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.many_runs import repeat_the_newest_run
from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import DATABASE, Home, forget_zenml
from tests.environments import labels_of, only_base, owner_of
from tests.printed import commands_in

pytestmark = pytest.mark.slow  # several whole runs a test

LOCAL = "environments/local.yaml"


@pytest.fixture
def at(home: Home, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Go to somebody's laptop: a state folder of its own, the same ZenML."""

    def go(whose: str) -> Path:
        folder = home.folder / whose
        monkeypatch.setenv("ZENSTRAP_HOME", str(folder))
        return folder

    home.edit(LOCAL, only_base)
    return go


def up(run: CommandLine, *words: str) -> Ended:
    return run("up", "--env", "local", "--yes", "--json", *words)


def test_the_second_person_on_a_server(run: CommandLine, at: Callable[[str], Path]) -> None:
    adas = at("ada")
    assert up(run).code == 0
    assert labels_of("zenml-local")["zenstrap_owner"] == owner_of(adas).id
    before = snapshot()

    # Ben's is another one. Nothing is done, and Ada's past is hers.
    bens = at("ben")
    for verb in ("up", "plan", "down", "rollback"):
        consent = ["--yes"] if verb != "plan" else []
        refused = run(verb, "--env", "local", "--json", *consent)
        assert refused.code == 1, refused.out
        way_out = refused.json["failure"]["command"]
        assert ("--name" in way_out) == (verb in ("up", "plan")) and "--yes" not in way_out
    assert snapshot() == before
    assert not (bens / "artifacts").exists()
    assert not (bens / "environments" / "local" / "state" / "owner.json").exists()
    at("ada")
    assert len(run("history", "--env", "local", "--json").json["runs"]) == 1

    # The way out runs for the third person, too, who was told the second one's name.
    at("ben")
    up(run, "--name", "team")
    at("carla")
    refused = run("up", "--env", "local", "--name", "team")
    words = shlex.split(commands_in(refused.err)[-1])
    assert words.count("--name") == 1 and "team" not in words
    assert run("plan", *words[3:]).code == 2
    at("ben")
    assert run("down", "--env", "local", "--name", "team", "--yes").code == 0

    # With a name of his own he has everything of his own.
    named = up(run, "--name", "ben")
    assert named.code == 0, named.err
    assert labels_of("zenml-ben")["zenstrap_owner"] == owner_of(bens, "ben").id
    assert {name: snapshot()["stacks"][name] for name in before["stacks"]} == before["stacks"]
    both = snapshot()
    assert up(run, "--name", "ben").json["plan"]["empty"]
    at("ada")
    assert up(run).json["plan"]["empty"]
    assert snapshot() == both

    at("ben")
    gone = run("down", "--env", "local", "--name", "ben", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert snapshot()["stacks"] == before["stacks"]


def test_both_began_at_once(run: CommandLine, at: Callable[[str], Path]) -> None:
    """The names in ZenML became Ada's, after Ben's infrastructure was made: he can take it away."""
    bens = at("ben")
    assert up(run).code == 0
    make_everything("0123456789ab")
    before = snapshot()

    refused = up(run)
    assert refused.code == 1, refused.out
    assert (bens / "artifacts" / "local").exists()
    gone = run("down", "--env", "local", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert not (bens / "artifacts" / "local").exists()
    assert snapshot() == before


def test_the_id_is_found_again_by_the_state(run: CommandLine, at: Callable[[str], Path]) -> None:
    folder = at("ada")
    assert up(run).code == 0
    first, before = owner_of(folder), snapshot()
    (folder / "environments/local/state/owner.json").unlink()
    again = up(run)
    assert again.code == 0, again.err
    assert again.json["plan"]["empty"]
    assert owner_of(folder).id == first.id
    assert snapshot() == before
    assert len(run("history", "--env", "local", "--json").json["runs"]) == 2


def test_an_id_that_cant_be_read(run: CommandLine, at: Callable[[str], Path]) -> None:
    folder = at("ada")
    assert up(run).code == 0
    file = folder / "environments/local/state/owner.json"
    good = file.read_text()
    before = snapshot()
    for content in ("", "{", good.replace("/1", "/9"), good.replace('"id": "', '"id": "X', 1)):
        file.write_text(content)
        refused = up(run)
        assert refused.code == 1 and refused.json["failure"]["fix"], content
        assert str(file) in refused.json["failure"]["what"]
    assert snapshot() == before


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_copied_state_takes_nothing_from_the_other_environment(
    run: CommandLine, at: Callable[[str], Path], verb: str
) -> None:
    """Copying a folder looks like a way to rename an environment."""
    folder = at("ada")
    assert up(run).code == 0
    before = snapshot()
    states = folder / "environments/local/state", folder / "environments/ben/state"
    shutil.copytree(*states)
    (states[1] / "local").rename(states[1] / "ben")
    for with_owner in (True, False):
        if not with_owner:
            (states[1] / "owner.json").unlink()
        refused = run(verb, "--env", "local", "--name", "ben", "--yes", "--json")
        assert refused.code == 1, refused.out
        assert (folder / "artifacts/local/shared").exists()
        assert snapshot() == before

    # With an owner of its own it is still the other one's state.
    (states[1] / "ben").rename(folder / "aside")
    assert up(run, "--name", "ben").code == 0
    shutil.rmtree(states[1] / "ben")
    (folder / "aside").rename(states[1] / "ben")
    before = snapshot()
    assert run(verb, "--env", "local", "--name", "ben", "--yes").code == 1
    assert (folder / "artifacts/local/shared").exists()
    assert snapshot() == before


def test_a_state_from_elsewhere_before_the_first_run_recorded_one(
    run: CommandLine, at: Callable[[str], Path]
) -> None:
    """As after a kill in the first `up`: the owner is there, and no run that knows the state."""
    folder = at("ada")
    assert up(run).code == 0
    ours = owner_of(folder)
    state = folder / "environments/ben/state"
    shutil.copytree(folder / "environments/local/state", state)
    (state / "local").rename(state / "ben")
    bens = ours.model_copy(update={"id": "ba9876543210", "environment": "ben"})
    (state / "owner.json").write_text(bens.to_json())
    for verb in ("up", "plan", "down"):
        refused = run(verb, "--env", "local", "--name", "ben", "--json")
        assert refused.code == 1, refused.out
        assert "another environment" in refused.json["failure"]["what"]


def test_registrations_tell_that_a_state_is_lost(
    home: Home, run: CommandLine, at: Callable[[str], Path]
) -> None:
    """Also where somebody deleted the runs that recorded it."""
    folder = at("ada")
    assert up(run).code == 0
    before = snapshot()
    with sqlite3.connect(home.zenml / DATABASE) as database:
        database.execute("DELETE FROM pipeline_run")
    shutil.rmtree(folder / "environments/local/state/local")
    for verb in ("plan", "up", "down"):
        consent = ["--yes"] if verb != "plan" else []
        assert run(verb, "--env", "local", *consent).code == 1
    assert snapshot() == before
    assert not (folder / "environments/local/state/local").exists()


def test_runs_of_an_older_zenstrap_are_the_environments_too(
    home: Home, run: CommandLine, at: Callable[[str], Path]
) -> None:
    """It knows nothing of owners, and somebody in the team may still have it."""
    at("ada")
    assert up(run).code == 0
    older = run("plan", "--env", "local", "--json").json["run"]
    with sqlite3.connect(home.zenml / DATABASE) as database:
        database.execute(
            "DELETE FROM tag_resource WHERE tag_id IN "
            "(SELECT id FROM tag WHERE name LIKE 'owner:%') AND resource_id = "
            "(SELECT id FROM pipeline_run WHERE name = ?)",
            (older,),
        )

    def newest(limit: int) -> list[str]:
        told = run("history", "--env", "local", "--limit", str(limit), "--json").json["runs"]
        return [one["name"] for one in told]

    assert newest(1) == [older]
    (status,) = run("status", "--env", "local", "--json").json["environments"]
    assert status["last_run"]["name"] == older
    later = run("plan", "--env", "local", "--json").json["run"]
    assert newest(2) == [later, older]
    with sqlite3.connect(home.zenml / DATABASE) as database:
        (claimed,) = database.execute(
            "SELECT count(*) FROM tag_resource JOIN tag ON tag.id = tag_id WHERE tag.name LIKE "
            "'owner:%' AND resource_id = (SELECT id FROM pipeline_run WHERE name = ?)",
            (older,),
        ).fetchone()
    assert claimed == 1


def test_another_zenml(
    home: Home, run: CommandLine, at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that forgot `zenml login` mustn't take infrastructure from under another ZenML."""
    folder = at("ada")
    assert up(run).code == 0
    here = snapshot()
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(home.folder / "another"))
    for verb in ("plan", "up", "down"):
        refused = run(verb, "--env", "local", "--json")
        assert refused.code == 1, refused.out
        assert str(home.zenml) in refused.json["failure"]["what"]  # which one knows it
    assert (folder / "artifacts" / "local" / "shared").exists()
    assert not [name for name in snapshot()["stacks"] if name != "default"]

    assert next(c for c in doctor(run) if not c["passed"])["name"] == "owner"

    # It is gone for good.
    moved = up(run, "--this-zenml")
    assert moved.code == 0, moved.err
    assert any(str(home.zenml) in notice for notice in moved.json["plan"]["notices"])
    assert not any("--this-zenml" in command for command in moved.json["next"])
    assert snapshot()["stacks"].keys() == here["stacks"].keys()
    assert up(run).json["plan"]["empty"]
    assert all(check["passed"] for check in doctor(run))
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(home.zenml))
    assert run("down", "--env", "local", "--yes").code == 1


@pytest.mark.parametrize("afterwards", ["up", "down"])
def test_taken_down_from_another_zenml(
    home: Home,
    run: CommandLine,
    at: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    afterwards: str,
) -> None:
    """What was told to be gone wasn't: there is a way out in both."""
    folder = at("ada")
    assert up(run).code == 0
    here = snapshot()
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(home.folder / "another"))
    gone = run("down", "--env", "local", "--this-zenml", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert any(str(home.zenml) in kept["name"] for kept in gone.json["kept"])
    assert not (folder / "artifacts" / "local").exists()

    monkeypatch.setenv("ZENML_CONFIG_PATH", str(home.zenml))
    forget_zenml()
    assert snapshot()["stacks"] == here["stacks"]
    ended = run(afterwards, "--env", "local", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert (folder / "artifacts" / "local").exists() == (afterwards == "up")
    assert ("zenml-local" in snapshot()["stacks"]) == (afterwards == "up")
    if afterwards == "up":  # and from now on its state is guarded again
        (folder / "environments/local/state/local/terraform.tfstate").unlink()
        assert run("plan", "--env", "local").code == 1


def test_another_zenml_project(
    run: CommandLine, at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client

    folder = at("ada")
    monkeypatch.setenv("ZENML_ACTIVE_PROJECT_ID", str(Client().active_project.id))
    other = Client().create_project("risk-team", description="")
    assert up(run).code == 0
    before = snapshot()
    owner_file = folder / "environments/local/state/owner.json"
    for forgotten in (False, True):  # as before there were owners
        if forgotten:
            owner_file.unlink()
        monkeypatch.setenv("ZENML_ACTIVE_PROJECT_ID", str(other.id))
        for verb in ("plan", "up", "down"):
            refused = run(verb, "--env", "local", "--json")
            assert refused.code == 1, refused.out
            assert "project default" in refused.json["failure"]["what"]
        assert snapshot() == before


def test_the_past_however_many_runs_came_since(
    home: Home, run: CommandLine, at: Callable[[str], Path]
) -> None:
    """The state is guarded, and the last change is told, by asking for it."""
    folder = at("ada")
    home.edit(LOCAL, lambda config: config.update(ml_projects=["fraud_detection"]))
    first = up(run)
    assert first.code == 0, first.err
    assert run("plan", "--env", "local").code == 0
    repeat_the_newest_run(home, times=300)
    planned = run("plan", "--env", "local", "--json")
    assert planned.json["plan"]["since"] == first.json["run"]

    state = folder / "environments/local/state/local/terraform.tfstate"
    state.rename(home.folder / "moved")
    for verb in ("plan", "up", "down"):
        refused = run(verb, "--env", "local", "--json")
        assert refused.code == 1 and "state is missing" in refused.json["failure"]["what"]
    assert not state.exists()


def test_smoke_trainings_hide_no_run(
    home: Home, run: CommandLine, at: Callable[[str], Path]
) -> None:
    at("ada")
    projects = ["fraud_detection", "recommendation", "third", "fourth"]
    for name in projects[2:]:
        (home.configs / "ml_projects" / f"{name}.yaml").write_text("version: 1.0.0\n")
    home.edit(LOCAL, lambda config: config.update(ml_projects=projects))
    first = up(run)
    assert first.code == 0, first.err
    (one,) = run("history", "--env", "local", "--limit", "1", "--json").json["runs"]
    assert one["name"] == first.json["run"]
    (told,) = run("status", "--env", "local", "--json").json["environments"]
    assert told["last_run"]["name"] == first.json["run"]


@pytest.mark.parametrize("name", ["dev", "a-b", "Ada", "default", "x" * 21])
def test_names_that_cant_be_given(run: CommandLine, at: Callable[[str], Path], name: str) -> None:
    at("ada")
    assert run("up", "--env", "local", "--name", name).code == 64


def doctor(run: CommandLine) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = run("doctor", "--env", "local", "--json").json["checks"]
    return checks


def make_everything(owner: str) -> None:
    """Another owner on all registrations."""
    from zenml.client import Client
    from zenml.models import ComponentUpdate, StackUpdate

    client = Client()
    for stack in client.list_stacks(name="startswith:zenml-", hydrate=True).items:
        labels = {**(stack.labels or {}), "zenstrap_owner": owner}
        client.zen_store.update_stack(stack.id, StackUpdate(labels=labels))
    for component in client.list_stack_components(name="startswith:zenml-", hydrate=True).items:
        labels = {**(component.labels or {}), "zenstrap_owner": owner}
        client.zen_store.update_stack_component(component.id, ComponentUpdate(labels=labels))
