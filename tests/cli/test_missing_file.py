"""An environment whose file is gone, or no longer valid: it can be seen and taken away."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from zenstrap.cli import zenml_client

FILE = "environments/qa.yaml"


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


@pytest.mark.slow
def test_what_is_no_longer_valid_can_be_taken_away(home: Home, run: CommandLine, qa: str) -> None:
    def broken(config: dict[str, Any]) -> None:
        config["ml_projects"] = ["gone"]

    home.edit(FILE, broken)
    for verb in ("up", "plan", "config"):
        refused = run(verb, "--env", "qa")
        assert refused.code == 64 and qa not in refused.err
    shown = run("status", "--env", "qa")
    assert shown.code == 0 and qa in shown.err and "gone.yaml" in shown.err
    assert ours()
    assert run("down", "--env", "qa", "--yes").code == 0
    assert ours() == []


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
