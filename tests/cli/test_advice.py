"""What is printed to be copied does what was meant. Every run in the tests is held to it, too.

See ``tests/command_line.py``: each command that a run prints is parsed there, and has to be about
the same environment, ML project and version.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.copied import copied
from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base, version_of, with_training

pytestmark = pytest.mark.slow  # several whole runs a test

PROJECT = ("rollback", "--env", "local", "--project", "fraud_detection")


def asking(config: dict[str, Any]) -> None:
    config["ml_projects"] = ["fraud_detection"]
    config["protection"] = {"allow_destroy": True, "approval": "terminal"}


def test_a_rollback_of_an_ml_project_stays_one(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", asking)
    assert run("--env", "local", "--yes").code == 0
    home.edit("ml_projects/fraud_detection.yaml", lambda c: c.update(version="1.2.0"))
    assert run("--env", "local", "--yes").code == 0
    before = snapshot()["stacks"]["zenml-local"]

    refused = run(*PROJECT, "--json")
    assert refused.code == 5
    assert copied(refused.json["failure"]["command"]) == [*PROJECT, "--yes"]

    home.edit("environments/local.yaml", with_training("inaccurate"))
    home.edit("environments/local.yaml", asking)
    failed = run(*PROJECT, "--yes", "--json")
    assert failed.code == 6
    failure = failed.json["failure"]
    assert copied(failure["command"]) == copied(failure["go_on"]) == [*PROJECT, "--yes"]
    told = run(*PROJECT, "--yes").err
    assert told.count("python run.py rollback") == 1  # not under Fix and under To continue

    home.edit("environments/local.yaml", with_training("own"))
    home.edit("environments/local.yaml", asking)
    assert run(*copied(failure["go_on"])).code == 0
    assert version_of("zenml-local-fraud-detection") == "1.1.0"
    assert snapshot()["stacks"]["zenml-local"] == before


@pytest.mark.parametrize("protected", [True, False])
def test_what_would_be_refused_is_not_suggested(
    home: Home, run: CommandLine, protected: bool
) -> None:
    def change(config: dict[str, Any]) -> None:
        only_base(config)
        config["protection"] = {"allow_destroy": not protected, "approval": "none"}
        config["throwaway"] = not protected

    home.edit("environments/local.yaml", change)
    ended = run("--env", "local", "--json")
    assert ended.code == 0, ended.err
    ours = [one for one in ended.json["next"] if "run.py" in one]
    assert ours
    for command in ours:
        verb = copied(command)[0]
        consent = ["--yes"] if verb == "down" else []
        assert run(*copied(command), *consent).code == 0, command
    assert ("down" in {copied(one)[0] for one in ours}) is not protected


def test_names_that_may_be_taken_over_go_along(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    adopt = ["--adopt", "zenml-local-v1.0.0", "--adopt", "zenml-local-orchestrator-v1.0.0"]
    planned = run("plan", "--env", "local", *adopt, "--json")
    (next_,) = planned.json["next"]
    assert copied(next_) == ["up", "--env", "local", *adopt]
