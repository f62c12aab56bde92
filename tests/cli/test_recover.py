"""`recover`: the way out of a lost state, and what a kill left. It changes nothing unasked."""

from __future__ import annotations

import itertools
import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.copied import copied
from tests.cli.home_files import files
from tests.cli.many_runs import repeat_the_newest_run
from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import Home
from tests.environments import labels_of, only_base, owner_of, with_training
from zenstrap.owner import FileOwnerStore
from zenstrap.terraform.storage import LocalState

LOCAL = "environments/local.yaml"
WHAT = ("recover", "--env", "local")


@pytest.fixture(autouse=True)
def _only_base(home: Home) -> None:
    home.edit(LOCAL, only_base)


def up(run: CommandLine) -> Ended:
    ended = run("up", "--env", "local", "--json")
    assert ended.code == 0, ended.err
    return ended


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


def an_older_state(home: Home) -> None:
    older = json.loads(state(home).read_bytes())
    older["serial"] -= 1
    state(home).write_text(json.dumps(older))
    for copy in state(home).parent.glob("terraform.tfstate.*"):
        copy.unlink()


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


@pytest.mark.parametrize("lost", [an_older_state, pytest.param(everything, marks=pytest.mark.slow)])
def test_the_past_however_many_runs_came_since(
    lost: Callable[[Home], None], home: Home, run: CommandLine
) -> None:
    """What `up` refuses, `recover` knows of: also whose it was, where the owner's file is lost."""
    up(run)
    first = owner_of(home.state).id
    assert run("plan", "--env", "local").code == 0
    repeat_the_newest_run(home, times=230)  # more than a page of runs without a state
    lost(home)
    assert run("up", "--env", "local", "--yes").code == 1
    refused = run(*WHAT, "--json")
    assert refused.code == 5, refused.out
    assert run(*copied(refused.json["command"])).code == 0
    assert owner_of(home.state).id == first
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


def a_foreign_one(home: Home) -> None:
    """Of a state that somebody copied here; what is in it is theirs."""
    victim = home.folder / "victim"
    shutil.copytree(home.artifacts, victim)
    content = json.loads(state(home).read_text().replace(str(home.artifacts), str(victim)))
    state(home).write_text(json.dumps(content | {"lineage": str(uuid.uuid4()), "serial": 9}))


def an_older_copy(home: Home) -> None:
    older = json.loads(state(home).read_bytes())
    older["serial"] -= 1
    state(home).with_name("terraform.tfstate.backup").write_text(json.dumps(older))
    state(home).unlink()


def breaks_off(really: Callable[..., Any], number: int, before: bool) -> Callable[..., Any]:
    """A write whose number-th call, from 0, ends the command before or after it is done."""
    calls = itertools.count()

    def write(*given: Any) -> Any:
        is_last = next(calls) == number
        if is_last and before:
            raise OSError("broken off")
        done = really(*given)
        if is_last:
            raise OSError("broken off")
        return done

    return write


WRITES = ((LocalState, "set_aside"), (LocalState, "write"), (FileOwnerStore, "write"))


@pytest.mark.slow
@pytest.mark.parametrize("lose", [a_foreign_one, an_older_copy, cut_off, the_folder])
def test_broken_off_at_any_of_its_writes_it_is_done_by_the_next(
    lose: Callable[[Home], None],
    home: Home,
    run: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    up(run)
    lose(home)
    shutil.copytree(home.state, tmp_path / "lost", symlinks=True)
    broken_off = 0
    for (kind, name), before, number in itertools.product(WRITES, (True, False), range(2)):
        shutil.rmtree(home.state)
        shutil.copytree(tmp_path / "lost", home.state, symlinks=True)
        with monkeypatch.context() as patch:
            patch.setattr(kind, name, breaks_off(getattr(kind, name), number, before))
            if run(*WHAT, "--forget", "local").code == 0:
                continue  # it didn't come to that
        broken_off += 1
        told = f"{name} {number} {'before' if before else 'after'}"
        finished = kind is FileOwnerStore and not before and run(*WHAT).code == 0
        if not finished:
            assert run("up", "--env", "local", "--yes").code == 1, told
            assert run(*WHAT, "--json").code == 5, told
            assert run(*WHAT, "--forget", "local").code == 0, told
        if lose is an_older_copy:
            assert json.loads(state(home).read_bytes())["serial"] > 0, told
        else:
            assert not state(home).exists(), told
    assert broken_off >= 2
    if lose is a_foreign_one:
        up(run)
        assert (home.folder / "victim/shared/.zenstrap.json").exists()


@pytest.mark.slow
def test_a_state_is_lost_again_before_an_up_came_to_its_end(home: Home, run: CommandLine) -> None:
    up(run)
    state(home).unlink()
    assert run(*WHAT, "--forget", "local").code == 0
    working = (home.configs / LOCAL).read_text()
    home.edit(LOCAL, with_training("inaccurate"))
    assert run("up", "--env", "local").code == 6
    state(home).unlink()
    (home.configs / LOCAL).write_text(working)
    for verb in ("up", "down"):
        assert run(verb, "--env", "local", "--yes").code == 1
    assert run(*WHAT, "--json").code == 5
    assert run(*WHAT, "--forget", "local").code == 0
    up(run)
    assert up(run).json["plan"]["empty"]
