"""An environment whose file is gone is taken away by its last `up`'s; one with a broken file isn't.

A file that isn't valid may hold a stricter protection than the one that a run recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from tests.printed import commands_in
from zenstrap import invocation, runs
from zenstrap.cli import configuration, zenml_client
from zenstrap.invocation import Invocation
from zenstrap.runs import RecordedConfig, RunRecord

FILE = "environments/qa.yaml"
LOCAL = "environments/local.yaml"


@pytest.fixture
def qa(home: Home, run: CommandLine) -> str:
    """An environment that is up; the name of the run that brought it up."""
    content = yaml.safe_load((home.configs / "environments/local.yaml").read_text())
    content["environment"] = "qa"
    only_base(content)
    (home.configs / FILE).write_text(yaml.safe_dump(content))
    made = run("up", "--env", "qa", "--json")
    assert made.code == 0, made.err
    return str(made.json["run"])


def listed(run: CommandLine) -> dict[str, tuple[bool, bool, str | None]]:
    """The environments that `envs` lists: has a file, has a state here, its last run."""
    return {
        one["name"]: (
            one["has_file"],
            one["has_state"],
            one["last_run"] and one["last_run"]["name"],
        )
        for one in run("envs", "--json").json["environments"]
    }


def ours() -> list[str]:
    return [name for name in snapshot()["stacks"] if name.startswith("zenml-qa")]


@pytest.mark.slow
def test_the_file_is_gone(home: Home, run: CommandLine, qa: str) -> None:
    merged = run("config", "--env", "qa", "--json").json
    file = home.configs / FILE
    file.rename(file.with_suffix(".yml"))
    for verb in ("up", "down", "status", "config"):
        assert "Rename the file to qa.yaml" in run(verb, "--env", "qa").err
    file.with_suffix(".yml").unlink()
    before = snapshot()
    for verb in ("up", "plan", "rollback"):
        refused = run(verb, "--env", "qa")
        assert refused.code == 64 and qa in refused.err, refused.err
        assert snapshot() == before
    assert run("config", "--env", "qa", "--json").json == merged
    (status,) = run("status", "--env", "qa", "--json").json["environments"]
    assert status["aliases"][0]["current"] == "1.0.0"
    assert any(qa in notice for notice in status["notices"])
    assert run("history", "--env", "qa", "--json").json["runs"][0]["name"] == qa
    assert listed(run)["qa"] == (False, True, qa)
    assert listed(run)["local"] == (True, False, None)
    assert run("unlock", "--env", "qa").code == 0
    assert run("doctor", "--env", "qa").code == 0
    assert run("down", "--env", "qa").code == 5, "nobody could be asked"
    gone = run("down", "--env", "qa", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert any(qa in notice for notice in gone.json["plan"]["notices"])
    assert ours() == [] and not (home.state / "artifacts/qa").exists()
    assert "qa" not in listed(run)


def what_cannot_be_read(home: Home) -> Iterator[None]:
    """The ways in which files stop being valid, one after the other."""
    own, defaults = home.configs / FILE, home.configs / "defaults.yaml"
    project = home.configs / "ml_projects/fraud_detection.yaml"

    def protected(**protection: object) -> str:
        return yaml.safe_dump(yaml.safe_load(valid) | {"protection": protection})

    valid = own.read_text()
    for content in (
        protected(approval="dashboard", allow_destroy=False),
        protected(approvall="none", allow_destroy=False),
        protected(allow_destroy="no"),
        valid + "\nthrow_away: false\n",
        valid.replace("ml_projects: []", "ml_projects: [gone]"),
        valid + "\n\t:",
        "",
    ):
        assert content != valid
        own.write_text(content)
        yield
    own.write_text(valid.replace("ml_projects: []", f"ml_projects: [{project.stem}]"))
    for other in (project, defaults):
        whole = other.read_text()
        other.write_text(whole + "\nprotektion: {allow_destroy: false}\n")
        yield
        other.write_text(whole)
    own.unlink()
    own.symlink_to("elsewhere.yaml")
    yield


@pytest.mark.slow
def test_down_never_passes_over_what_it_cannot_read(home: Home, run: CommandLine, qa: str) -> None:
    before = snapshot()
    for _ in what_cannot_be_read(home):
        for verb in ("up", "plan", "config"):
            refused = run(verb, "--env", "qa")
            assert refused.code == 64 and qa not in refused.err
        refused = run("down", "--env", "qa", "--yes", "--json")
        assert refused.code == 64, refused.err
        assert refused.json["problems"] and FILE in refused.json["fix"]
        assert snapshot() == before
    # Nothing of these is anybody's protection: they read, or ask for the name.
    shown = run("status", "--env", "qa")
    assert shown.code == 0 and qa in shown.err and "qa.yaml" in shown.err
    assert qa in shown.out and "\\n" not in shown.out
    for verb in ("history", "unlock", "recover"):
        assert run(verb, "--env", "qa").code == 0
    assert snapshot() == before

    # The way out that was named.
    (home.configs / FILE).unlink()
    gone = run("down", "--env", "qa", "--yes", "--json")
    assert gone.code == 0, gone.err
    assert any(qa in notice for notice in gone.json["plan"]["notices"])
    assert ours() == []


def test_the_way_out_of_a_broken_file_is_named_at_once(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zenml_client, "zenml_client", None)  # it isn't asked
    home.edit(LOCAL, lambda config: config.update(protection={"approvall": "terminal"}))
    refused = run("down", "--env", "local", "--yes")
    assert refused.code == 64
    assert "approvall" in refused.err
    assert "move its file away" in refused.err and LOCAL in refused.err.splitlines()[-1]
    assert "move its file away" not in run("up", "--env", "local", "--yes").err


RECORD = RunRecord(
    id="1",
    name="team-bootstrap-1",
    command="up",
    status="completed",
    started=None,
    ended=None,
    user="ada",
    host="laptop",
    pid=1,
    changes=1,
    state=None,
)


@pytest.mark.parametrize(
    ("made_from", "words", "command", "told"),
    [
        ("qa", "up --env team --yes", "up --env qa --name team --yes", "configured by qa.yaml"),
        ("qa", "plan --env team", "plan --env qa --name team", "configured by qa.yaml"),
        ("qa", "rollback --env team", "rollback --env qa --name team", "configured by qa.yaml"),
        ("team", "up --env old --name team", "up --env team", "configured by team.yaml"),
        ("team", "up --env team", "config --env team", "Restore team.yaml"),
        ("qa", "up --env qa --name team", "config --env qa --name team", "Restore qa.yaml"),
        # An older version didn't record it.
        ("", "up --env team", "config --env team", "`--env FILE --name team`"),
        ("", "up --env team", "config --env team", "put team.yaml back"),
        ("", "up --env qa --name team", "config --env qa --name team", "Restore qa.yaml"),
    ],
)
def test_an_environment_that_was_made_with_a_name_never_had_a_file(
    run: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    made_from: str,
    words: str,
    command: str,
    told: str,
) -> None:
    record = replace(RECORD, file=made_from)
    recorded = RecordedConfig(record, {}, 1)
    monkeypatch.setattr(configuration, "_has_state", lambda environment: True)
    monkeypatch.setattr(runs, "last_configuration", lambda *given: recorded)
    monkeypatch.setattr(runs, "newest_run", lambda *given: record)
    refused = run(*words.split())
    assert refused.code == 64
    assert commands_in(refused.err)[-1] == f"python run.py {command}"
    assert told in refused.err and "missing" not in refused.err


@pytest.mark.parametrize(
    ("verb", "file"), [("up", "qa"), ("plan", "qa"), ("rollback", "qa"), ("down", None)]
)
def test_a_run_records_which_file_it_has_read(verb: str, file: str | None) -> None:
    """A command that needs no file may have read none."""
    given = {"--env": ("--env", "qa"), "--name": ("--name", "team")}
    with invocation.called(Invocation(verb, "team", given, {})):
        started = runs.run_options("team", "bootstrap", verb).extra[runs.STARTED]
    assert started.get(runs.FILE) == file
    assert not runs.run_options("team", "bootstrap", verb).extra[runs.STARTED].get(runs.FILE)


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (("up", "--env", "locl"), False),
        (("status", "--env", "locl"), True),
        (("up", "--env", "qa"), True),
    ],
)
def test_a_misspelt_name_is_told_at_once(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], asks: bool
) -> None:
    asked: list[bool] = []
    real = zenml_client.zenml_client

    def asking(*, debug: bool = False) -> Any:
        asked.append(True)
        return real(debug=debug)

    monkeypatch.setattr(zenml_client, "zenml_client", asking)
    refused = run(*words)
    assert refused.code == 64 and "there is no environment" in refused.err
    assert bool(asked) == asks
