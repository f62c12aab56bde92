"""`recover`: the way out of a lost state, and what a kill left. It changes nothing unasked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.registry_state import snapshot
from tests.cli.test_advice import copied
from tests.cli.test_owners import labels_of, owner_of
from tests.cli.test_up import only_base
from tests.command_line import CommandLine, Ended
from tests.conftest import Home

LOCAL = "environments/local.yaml"
WHAT = ("recover", "--env", "local")


@pytest.fixture(autouse=True)
def _only_base(home: Home) -> None:
    home.edit(LOCAL, only_base)


def up(run: CommandLine) -> Ended:
    ended = run("up", "--env", "local", "--json")
    assert ended.code == 0, ended.err
    return ended


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def state(home: Home) -> Path:
    return home.state / "environments/local/state/local/terraform.tfstate"


def test_nothing_to_recover(home: Home, run: CommandLine) -> None:
    assert run(*WHAT, "--json").json["done"] == []
    up(run)
    before = (snapshot(), files(home.state))
    ended = run(*WHAT, "--json")
    assert (ended.code, ended.json["done"]) == (0, [])
    assert "nothing to recover" in run(*WHAT).out
    assert (snapshot(), files(home.state)) == before
    assert run("down", "--env", "local", "--yes").code == 0
    assert run(*WHAT, "--json").json["done"] == []


def the_file(home: Home) -> None:
    state(home).unlink()


def cut_off(home: Home) -> None:
    state(home).write_bytes(state(home).read_bytes()[:300])


def the_folder(home: Home) -> None:
    shutil.rmtree(home.state / "environments")


def everything(home: Home) -> None:
    shutil.rmtree(home.state)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lose", "then"),
    [(the_file, "down"), (cut_off, "up"), (the_folder, "down"), (everything, "up")],
)
def test_a_lost_state(
    lose: Callable[[Home], None], then: str, home: Home, run: CommandLine
) -> None:
    up(run)
    first, before = owner_of(home.state).id, snapshot()
    lose(home)
    stopped = run(then, "--env", "local", "--json", "--yes")
    assert stopped.code == 1, stopped.err
    assert copied(stopped.json["failure"]["command"]) == [*WHAT]

    # Nothing is forgotten unasked: no habit of typing --yes gets past this.
    lost = files(home.state)
    refused = run(*WHAT, "--json")
    assert refused.code == 5
    assert (snapshot(), files(home.state)) == (before, lost)
    way_out = copied(refused.json["command"])
    assert run(*WHAT, "--forget", "other").code == 64
    recovered = run(*way_out)
    assert recovered.code == 0, recovered.err
    assert owner_of(home.state).id == first
    assert run(*WHAT, "--json").json["done"] == []  # once is enough

    if then == "up":
        again = up(run)
        assert again.json["plan"]["to_test"] == ["zenml-local-v1.0.0"]
        assert snapshot() == before
        assert up(run).json["plan"]["empty"]
        state(home).unlink()  # and it is guarded as before
        assert run("up", "--env", "local").code == 1
    else:
        down = run("down", "--env", "local", "--yes", "--json")
        assert down.code == 0, down.err
        assert snapshot()["stacks"].keys() == {"default"}
        assert not (home.state / "artifacts").exists()


def test_a_good_copy_is_put_back_without_a_question(home: Home, run: CommandLine) -> None:
    up(run)
    content, before = state(home).read_bytes(), snapshot()
    newer = json.loads(content)
    newer["serial"] += 1
    copy = state(home).with_name("terraform.tfstate.1700000000.backup")
    copy.write_text(json.dumps(newer))
    state(home).unlink()
    assert run(*WHAT).code == 0
    assert json.loads(state(home).read_bytes()) == newer
    assert up(run).json["plan"]["empty"] and snapshot() == before


def test_an_older_copy_is_better_than_none(home: Home, run: CommandLine) -> None:
    up(run)
    older = json.loads(state(home).read_bytes())
    older["serial"] -= 1
    state(home).with_name("terraform.tfstate.backup").write_text(json.dumps(older))
    state(home).write_bytes(b"")
    refused = run(*WHAT, "--json")
    assert refused.code == 5 and state(home).read_bytes() == b""
    assert run(*copied(refused.json["command"])).code == 0
    assert json.loads(state(home).read_bytes()) == older
    assert run("plan", "--env", "local").code in (0, 2)


@pytest.mark.slow
def test_somebody_elses_is_not_taken_for_ours(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(run)
    adas, before = owner_of(home.state).id, snapshot()
    monkeypatch.setenv("ZENSTRAP_HOME", str(home.folder / "ben"))
    asked = run(*WHAT, "--json")
    assert asked.code == 5 and "--forget" not in asked.json["command"]
    assert not (home.folder / "ben" / "environments").exists()

    # Ada, on a new laptop: she says so, by the id.
    refused = run(*copied(asked.json["command"]), "--json")
    assert refused.code == 5
    assert snapshot() == before
    assert run(*copied(refused.json["command"])).code == 0
    assert owner_of(home.folder / "ben").id == adas == labels_of("zenml-local")["zenstrap_owner"]
