"""`rollback`: one alias goes back to a version that it had, proven again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.registry_state import alias_parts, snapshot
from tests.cli.test_up import only_base, with_training, with_version
from tests.command_line import CommandLine
from tests.conftest import Home

OLD, NEW = "zenml-local-artifact-store-v1.0.0", "zenml-local-artifact-store-v1.1.0"


def current() -> str:
    (store,) = alias_parts("zenml-local")["artifact_store"]
    return store


def trainings() -> int:
    from zenml.client import Client

    return int(Client().list_pipeline_runs(pipeline="smoke_training", size=1).total)


@pytest.fixture
def upgraded(home: Home, run: CommandLine) -> None:
    """Version 1.0.0, then 1.1.0 with another artifact store."""
    home.edit("environments/local.yaml", only_base)
    assert run("--env", "local").code == 0
    home.edit("environments/local.yaml", with_version("1.1.0", "1.1.0"))
    assert run("--env", "local").code == 0
    assert current() == NEW


def test_back_to_the_previous_version_and_forward_again(upgraded: None, run: CommandLine) -> None:
    before, tested = snapshot(), trainings()
    back = run("rollback", "--env", "local", "--json")
    assert back.code == 0, back.err
    assert current() == OLD and trainings() == tested + 1
    after = snapshot()
    changed = {name for name in after["stacks"] if after["stacks"][name] != before["stacks"][name]}
    assert changed == {"zenml-local"} and after["components"] == before["components"]

    # What was rolled back from is no version to go back to; `up` promotes what the file says.
    assert run("rollback", "--env", "local", "--to", "1.1.0").code == 64
    assert run("--env", "local").code == 0 and current() == NEW


def test_a_version_that_no_longer_works_is_not_gone_back_to(
    upgraded: None, home: Home, run: CommandLine
) -> None:
    home.edit("environments/local.yaml", with_training("inaccurate"))
    assert run("rollback", "--env", "local").code == 6
    assert current() == NEW
    tested = trainings()
    assert run("rollback", "--env", "local", "--no-smoke-test").code == 0
    assert current() == OLD and trainings() == tested


def test_there_must_be_something_to_go_back_to(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("--env", "local").code == 0
    before = snapshot()
    for words in ((), ("--to", "0.9.0"), ("--project", "nobody"), ("--project", "No Project")):
        assert run("rollback", "--env", "local", *words).code == 64
    assert run("rollback", "--env", "local", "--to", "1.0.0").code == 5
    assert snapshot() == before


def test_one_ml_project_alone(home: Home, run: CommandLine) -> None:
    def released(config: dict[str, Any]) -> None:
        config["version"] = "1.2.0"
        config["labels"] = {"team": "fraud"}

    def only_fraud(config: dict[str, Any]) -> None:
        config["ml_projects"] = ["fraud_detection"]

    home.edit("environments/local.yaml", only_fraud)
    assert run("--env", "local").code == 0
    home.edit("ml_projects/fraud_detection.yaml", released)
    before, tested = snapshot()["stacks"]["zenml-local"], trainings()
    assert run("--env", "local").code == 0
    assert version_of("zenml-local-fraud-detection") == "1.2.0"
    assert snapshot()["stacks"]["zenml-local"] == before and trainings() == tested + 1

    assert run("rollback", "--env", "local", "--project", "fraud_detection").code == 0
    assert version_of("zenml-local-fraud-detection") == "1.1.0"
    assert snapshot()["stacks"]["zenml-local"] == before


def version_of(alias: str) -> str:
    return str(snapshot()["stacks"][alias][2]["version"])
