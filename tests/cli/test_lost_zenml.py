"""ZenML's database is gone, alone or with the state: it is said, and there is a way out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.copied import copied
from tests.cli.home_files import files
from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import DATABASE, Home
from tests.environments import only_base, owner_of, state_file

LOCAL = "environments/local.yaml"
ENV = ("--env", "local")
SECOND = "ba9876543210"


@pytest.fixture(autouse=True)
def _only_base(home: Home) -> None:
    home.edit(LOCAL, only_base)


def up(run: CommandLine, *words: str) -> Ended:
    ended = run("up", *ENV, "--json", *words)
    assert ended.code == 0, ended.err
    return ended


def the_database(home: Home) -> None:
    shutil.rmtree(home.zenml / "local_stores")


def its_content(home: Home) -> None:
    (home.zenml / DATABASE).write_bytes(b"")


def the_folder(home: Home) -> None:
    shutil.rmtree(home.zenml)


def the_environments(home: Home) -> None:
    shutil.rmtree(home.state / "environments")
    shutil.rmtree(home.state / "leases", ignore_errors=True)


def failure_of(ended: Ended) -> Any:
    return ended.json.get("failure", ended.json)


@pytest.mark.slow
@pytest.mark.parametrize("lose", [the_database, its_content, the_folder])
def test_a_database_made_anew_is_called_so_and_the_way_out_works(
    lose: Callable[[Home], None], home: Home, run: CommandLine
) -> None:
    up(run)
    first = owner_of(home.state)
    lose(home)
    before = files(home.state / "environments")
    for verb in ("plan", "up", "down", "rollback", "recover"):
        refused = run(verb, *ENV, "--json")
        failure = failure_of(refused)
        assert refused.code == 1, (verb, refused.out)
        assert "made anew" in failure["what"], (verb, failure)
        takes = verb in ("plan", "up", "down")
        way_out = [verb if takes else "up", *ENV, "--this-zenml"]
        assert copied(failure["command"]) == way_out, verb
    assert run("recover", *ENV, "--forget", "local").code == 1
    checks = run("doctor", *ENV, "--json").json["checks"]
    (owner,) = [check for check in checks if check["name"] == "owner"]
    assert "made anew" in owner["detail"] and "--this-zenml" in owner["command"]
    for verb in ("status", "history"):
        assert "made anew" in run(verb, *ENV).err + run(verb, *ENV).out, verb
    assert files(home.state / "environments") == before

    (home.folder / "log").mkdir(exist_ok=True)
    ended = run(*copied(failure_of(run("up", *ENV, "--json"))["command"]), "--json")
    assert ended.code == 0, ended.err
    # Nothing is kept in a ZenML that nobody can connect to.
    assert not any("is registered in" in notice for notice in ended.json["plan"]["notices"])
    assert owner_of(home.state).id == first.id
    assert up(run).json["plan"]["empty"]
    assert run("recover", *ENV, "--json").json["done"] == []


@pytest.mark.slow
def test_a_database_made_anew_and_down(home: Home, run: CommandLine) -> None:
    up(run)
    the_database(home)
    gone = run("down", *ENV, "--yes", "--json", "--this-zenml")
    assert gone.code == 0, gone.err
    assert not any("run down again" in kept["reason"] for kept in gone.json["kept"])
    assert not (home.state / "artifacts").exists()


@pytest.mark.slow
def test_the_owner_file_and_the_database_are_gone(home: Home, run: CommandLine) -> None:
    """What is in the state tells its owner; no new id is created."""
    up(run)
    first = owner_of(home.state).id
    the_folder(home)
    (home.state / "environments/local/state/owner.json").unlink()
    for verb in ("up", "recover"):
        refused = run(verb, *ENV, "--json")
        assert refused.code == 1 and "no run of local" in failure_of(refused)["what"]
        assert copied(failure_of(refused)["command"]) == ["up", *ENV, "--this-zenml"]
    up(run, "--this-zenml")
    assert owner_of(home.state).id == first
    assert up(run).json["plan"]["empty"]


@pytest.mark.parametrize(
    "then", ["up", *(pytest.param(one, marks=pytest.mark.slow) for one in ("plan", "down"))]
)
def test_state_and_database_are_gone_and_no_second_owner_is_created(
    home: Home, run: CommandLine, then: str
) -> None:
    up(run)
    first = owner_of(home.state).id
    the_environments(home)
    the_folder(home)
    before = files(home.state / "artifacts")
    refused = run(then, *ENV, "--json")
    assert refused.code == 1, refused.out
    assert first in failure_of(refused)["what"]
    assert copied(failure_of(refused)["command"]) == ["recover", *ENV]
    assert files(home.state / "artifacts") == before
    assert not (home.state / "environments").exists()
    assert first in run("status", *ENV).out + run("status", *ENV).err

    asked = run("recover", *ENV, "--json")
    assert asked.code == 5 and not (home.state / "environments/local/state").exists()
    assert run(*copied(asked.json["command"])).code == 0
    assert owner_of(home.state).id == first
    if then == "down":
        assert run("down", *ENV, "--yes").code == 0
        assert not (home.state / "artifacts").exists()
        return
    up(run)
    assert up(run).json["plan"]["empty"]


def with_a_second_owner(home: Home, run: CommandLine) -> str:
    """As an earlier version left it, whose `up` created a new id and was then refused."""
    up(run)
    first = owner_of(home.state)
    the_environments(home)
    the_folder(home)
    file = home.state / "environments/local/state/owner.json"
    file.parent.mkdir(parents=True)
    file.write_text(first.model_copy(update={"id": SECOND}).to_json())
    return first.id


@pytest.mark.slow
def test_a_second_owner_of_an_earlier_version_is_given_up(home: Home, run: CommandLine) -> None:
    first = with_a_second_owner(home, run)
    for verb in ("up", "down"):
        refused = run(verb, *ENV, "--json")
        assert refused.code == 1
        assert copied(failure_of(refused)["command"]) == ["recover", *ENV]
    lost = files(home.state)
    told = run("recover", *ENV, "--json")
    assert told.code == 5 and first in told.json["why"]
    named = copied(told.json["command"])
    assert named == ["recover", *ENV, f"--owner={first}"]
    for wrong in ("0123456789ab", "nonsense"):
        refused = run("recover", *ENV, "--owner", wrong, "--forget", "local", "--json")
        assert refused.code == 5 and SECOND in refused.json["why"]
    asked = run(*named, "--json")
    assert asked.code == 5 and files(home.state) == lost
    done = run(*copied(asked.json["command"]), "--json")
    assert done.code == 0, done.err
    assert SECOND in done.json["done"][0]
    assert owner_of(home.state).id == first
    assert run("recover", *ENV, "--json").json["done"] == []
    up(run)
    assert up(run).json["plan"]["empty"]


@pytest.mark.slow
def test_the_state_came_back_but_beside_it_is_the_second_owner(
    home: Home, run: CommandLine
) -> None:
    up(run)
    first = owner_of(home.state)
    file = home.state / "environments/local/state/owner.json"
    file.write_text(first.model_copy(update={"id": SECOND}).to_json())
    told = run("recover", *ENV, "--json")
    assert told.code == 5
    assert run(*copied(told.json["command"])).code == 0
    assert owner_of(home.state).id == first.id
    assert up(run).json["plan"]["empty"]


def test_another_owner_than_that_of_a_living_environment_is_refused(
    home: Home, run: CommandLine
) -> None:
    up(run)
    before = (files(home.state), snapshot())
    folder = home.artifacts / "ml_projects" / "theirs"
    shutil.copytree(home.artifacts / "shared", folder)
    marker = json.loads((folder / ".zenstrap.json").read_text())
    (folder / ".zenstrap.json").write_text(json.dumps(marker | {"owner": SECOND}))
    refused = run("recover", *ENV, "--owner", SECOND, "--forget", "local", "--json")
    assert refused.code == 5
    assert "the state holds" in refused.json["why"]
    assert run("recover", *ENV, "--owner", owner_of(home.state).id, "--json").json["done"] == []
    shutil.rmtree(folder)
    folder.parent.rmdir() if not any(folder.parent.iterdir()) else None
    assert (files(home.state), snapshot()) == before


@pytest.mark.slow
def test_an_environment_with_another_name(home: Home, run: CommandLine) -> None:
    named = (*ENV, "--name", "ben")
    assert run("up", *named, "--yes").code == 0
    the_folder(home)
    refused = run("up", *named, "--json")
    assert copied(failure_of(refused)["command"]) == ["up", *named, "--this-zenml"]
    the_environments(home)
    refused = run("up", *named, "--json")
    assert copied(failure_of(refused)["command"]) == ["recover", *named]
    assert run("recover", *named, "--forget", "ben").code == 0
    assert run("up", *named, "--yes").code == 0


@pytest.mark.slow
def test_another_person_on_the_same_folder(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a ZenML of their own: nothing is taken, and another name or place works."""
    home.edit(LOCAL, lambda config: config.update(local={"root": str(tmp_path / "shared")}))
    up(run)
    before = files(tmp_path / "shared")
    monkeypatch.setenv("ZENSTRAP_HOME", str(home.folder / "ben"))
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(home.folder / "bens-zenml"))
    for verb in ("up", "down"):
        refused = run(verb, *ENV, "--json", "--yes")
        assert refused.code == 1 and "another name" in failure_of(refused)["fix"]
    assert run("recover", *ENV, "--json").code == 5
    assert files(tmp_path / "shared") == before
    assert run("up", *ENV, "--name", "ben", "--yes").code == 0
    assert files(tmp_path / "shared" / "local") == {
        name.removeprefix("local/"): content for name, content in before.items()
    }
    assert state_file(home).exists()
