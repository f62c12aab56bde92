"""`rollback`: one alias goes back to a version that it had, proven again."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registry_state import alias_parts, snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base, version_of, with_training, with_version
from zenstrap.runs import run_named

if TYPE_CHECKING:
    from zenml.client import Client

pytestmark = pytest.mark.slow  # several whole runs a test

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


def test_back_to_the_previous_version_and_forward_again(
    upgraded: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, tested = snapshot(), trainings()
    with monkeypatch.context() as without:
        without.setenv("ZENSTRAP_TERRAFORM", "/nowhere/terraform")
        back = run("rollback", "--env", "local", "--json")
    assert back.code == 0, back.err
    assert current() == OLD and trainings() == tested + 1
    after = snapshot()
    changed = {name for name in after["stacks"] if after["stacks"][name] != before["stacks"][name]}
    assert changed == {"zenml-local"} and after["components"] == before["components"]

    # What was rolled back from had passed its test. `up` tests it again all the same.
    status = run("status", "--env", "local", "--json").json["environments"][0]
    found = {one["version"]: one for one in status["aliases"][0]["versions"]}
    assert found["1.1.0"]["promoted_by"].startswith("local-bootstrap-")
    assert found["1.0.0"]["promoted_by"] == back.json["run"]
    assert found["1.1.0"]["rolled_back_by"] == back.json["run"]
    planned = run("plan", "--env", "local", "--json")
    assert planned.json["plan"]["to_test"] == ["zenml-local-v1.1.0"]
    tested = trainings()
    assert run("--env", "local").code == 0
    assert current() == NEW and trainings() == tested + 1


def test_what_was_rolled_back_from_comes_back_only_if_it_passes_again(
    upgraded: None, home: Home, run: CommandLine
) -> None:
    assert run("rollback", "--env", "local").code == 0
    working = (home.configs / "environments/local.yaml").read_text()
    home.edit("environments/local.yaml", with_training("inaccurate"))
    assert run("--env", "local").code == 6
    assert run("rollback", "--env", "local", "--to", "1.1.0").code == 6
    assert current() == OLD
    (home.configs / "environments/local.yaml").write_text(working)
    assert run("rollback", "--env", "local", "--to", "1.1.0").code == 0
    assert current() == NEW
    assert run("rollback", "--env", "local", "--no-smoke-test").code == 0
    assert current() == OLD


# A rollback of a process of its own that is killed right before or right after its write.
KILLED = """
import os, signal, sys
from zenstrap.cli import main
from zenstrap.lifecycle import rolling_back

move = rolling_back.move_alias

def killed(*given, **named):
    if sys.argv[1] == "after":
        move(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

rolling_back.move_alias = killed
main(sys.argv[2:])
"""


def killed(when: str, *words: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, when, *words], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_killed_and_repeated_it_ends_where_it_was_going(
    upgraded: None, home: Home, run: CommandLine
) -> None:
    home.edit("environments/local.yaml", with_version("1.2.0", "1.2.0"))
    assert run("--env", "local").code == 0
    killed("before", "rollback", "--env", "local")
    assert version_of("zenml-local") == "1.2.0"
    killed("after", "rollback", "--env", "local")
    killed("after", "rollback", "--env", "local")
    assert version_of("zenml-local") == "1.1.0"
    tested = trainings()
    assert run("rollback", "--env", "local").code == 0
    assert version_of("zenml-local") == "1.1.0"
    assert trainings() == tested  # the killed one had tested it

    # That one is done: the next is a new one. So is one that is named and killed.
    killed("after", "rollback", "--env", "local", "--to", "1.0.0", "--no-smoke-test")
    for code in (0, 5):
        assert run("rollback", "--env", "local", "--to", "1.0.0").code == code
        assert version_of("zenml-local") == "1.0.0"


def test_a_run_that_is_gone_is_none(client: Client) -> None:
    assert run_named(client, "local-rollback-2026_11_29-00_00_00_000000") is None


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

    home.edit("environments/local.yaml", only_base)  # nor does it need to be configured any more
    assert run("rollback", "--env", "local", "--project", "fraud_detection").code == 0
    assert version_of("zenml-local-fraud-detection") == "1.1.0"
    assert snapshot()["stacks"]["zenml-local"] == before
