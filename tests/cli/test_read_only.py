"""The commands that only look: `plan`, `status`, `history`, `config`, `doctor`, `--help`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from zenstrap.paths import project_root


def test_plan_changes_nothing_and_says_with_its_exit_code_whether_there_is_anything(
    home: Home, run: CommandLine
) -> None:
    home.edit("environments/local.yaml", only_base)
    before = snapshot()
    planned = run("plan", "--env", "local", "--json")
    assert planned.code == 2
    assert planned.json["plan"]["counts"]["create"] == 1
    assert snapshot() == before
    assert not home.artifacts.exists()
    assert run("up", "--env", "local").code == 0
    assert run("plan", "--env", "local").code == 0


def test_status_and_history_tell_what_zenml_knows(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    empty = run("status", "--env", "local", "--json")
    assert empty.code == 0
    assert empty.json["environments"][0]["aliases"] == []
    assert run("up", "--env", "local").code == 0
    (found,) = run("status", "--env", "local", "--json").json["environments"]
    (alias,) = found["aliases"]
    assert (alias["alias"], alias["current"]) == ("zenml-local", "1.0.0")
    assert alias["versions"][0]["smoke_test"]["passed"] is True
    runs = run("history", "--env", "local", "--json").json["runs"]
    assert [(r["command"], r["status"]) for r in runs] == [("up", "completed")]
    assert found["last_run"]["name"] == runs[0]["name"]


def test_status_tells_what_was_changed_outside(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("--env", "local").code == 0

    def notices() -> str:
        (found,) = run("status", "--env", "local", "--json").json["environments"]
        return " ".join(found["notices"])

    assert notices() == ""
    from zenml.client import Client
    from zenml.enums import StackComponentType
    from zenml.models import StackUpdate

    client = Client()
    kind = StackComponentType.ARTIFACT_STORE
    client.create_stack_component("mine", "local", kind, {"path": str(home.folder / "mine")})
    client.update_stack("zenml-local", component_updates={kind: ["mine"]})
    assert "zenml-local" in notices()
    assert run("--env", "local").code == 0
    assert notices() == ""

    # A run that breaks off between giving the version other components and promoting it.
    version = client.get_stack("zenml-local-v1.0.0")
    client.update_stack(version.id, component_updates={kind: ["mine"]})
    labels = {**version.labels, "content_hash": "that of the new components"}
    client.zen_store.update_stack(version.id, StackUpdate(labels=labels))
    assert notices() == ""
    (found,) = run("status", "--env", "local", "--json").json["environments"]
    (current,) = found["aliases"][0]["versions"]
    assert "mine" not in {component["name"] for component in current["components"]}

    store = "zenml-local-artifact-store-v1.0.0"
    Client().update_stack_component(store, kind, configuration={"path": str(home.folder / "m")})
    assert store in notices()


def test_config_prints_yaml_that_reads_as_it_was_validated(home: Home, run: CommandLine) -> None:
    as_yaml = yaml.safe_load(run("config", "--env", "prod").out)
    as_json = run("config", "--env", "prod", "--json").json
    assert as_json == {"schema": "zenstrap/config/1", **as_yaml}
    assert as_json["environment"] == "prod"


def test_doctor_finds_everything_in_order(home: Home, run: CommandLine) -> None:
    healthy = run("doctor", "--env", "local", "--json")
    assert healthy.code == 0
    assert {check["name"] for check in healthy.json["checks"]} == {
        "config",
        "terraform",
        "state_folder",
        "zenml",
        "control_stack",
        "owner",
        "smoke_test",
    }


def test_doctor_names_what_is_missing_and_goes_on(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENSTRAP_TERRAFORM", str(home.folder / "nowhere"))
    sick = run("doctor", "--env", "local", "--json")
    assert sick.code == 1
    failed = [check for check in sick.json["checks"] if not check["passed"]]
    assert [check["name"] for check in failed] == ["terraform"]
    assert failed[0]["fix"]
    assert len(sick.json["checks"]) == 7


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        (("--help",), 0),
        (("up", "--help"), 0),
        (("--version",), 0),
        (("--env", "prodd"), 64),
        (("up",), 64),
        (("upp", "--env", "local"), 64),
        (("--env", "local", "down"), 64),
        (("up", "--env", "local", "--nope"), 64),
    ],
)
def test_help_and_usage_errors_come_without_zenml(
    home: Home, words: tuple[str, ...], code: int
) -> None:
    ended = _python(
        "import sys; from zenstrap.cli import main\n"
        f"code = main({list(words)!r})\n"
        # "google" alone is there from the start where a package of Google's declares it so.
        "heavy = {'zenml', 'numpy', 'google.auth', 'google.api_core', 'google.cloud.storage'}\n"
        "assert not heavy & set(sys.modules)\n"
        "sys.exit(code)"
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_verb_position_is_explained(home: Home) -> None:
    ended = _python(
        "import sys; from zenstrap.cli import main; sys.exit(main(['--env', 'local', 'down']))"
    )
    assert "python run.py down --env local" in ended.stderr


def test_a_broken_configuration_is_told_at_once_with_its_lines(home: Home) -> None:
    (home.configs / "environments/local.yaml").write_text("environment: local\nplatfrom: local\n")
    ended = _python("import sys; from zenstrap.cli import main; sys.exit(main(['--env', 'local']))")
    assert ended.returncode == 64
    assert "local.yaml:2" in ended.stderr
    assert "platform" in ended.stderr


def test_a_config_error_is_one_json_object_where_json_was_asked_for(
    home: Home, run: CommandLine
) -> None:
    (home.configs / "environments/local.yaml").write_text("environment: local\nplatfrom: local\n")
    refused = run("up", "--env", "local", "--json")
    assert refused.code == 64
    assert json.loads(refused.out)["schema"] == "zenstrap/error/1"


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=project_root(),
        timeout=60,
    )
