"""`up` on a laptop: real Terraform, real ZenML, real trainings, in one process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import trainings
from tests.cli.registry_state import alias_parts, snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base, state_file, with_training, with_version

if TYPE_CHECKING:
    from zenml.client import Client


def test_a_second_up_writes_nothing(home: Home, run: CommandLine) -> None:
    assert run("--env", "local").code == 0
    before, state = snapshot(), state_file(home).read_text()
    again = run("up", "--env", "local", "--json")
    assert again.code == 0
    assert snapshot() == before
    assert state_file(home).read_text() == state
    assert again.json["plan"]["empty"] is True
    assert [s["step"] for s in again.json["steps"] if s["step"] == "smoke_test"] == []


LOCAL = "environments/local.yaml"
CRASHES_AT = trainings.crashing.__code__.co_firstlineno + 1


@pytest.mark.parametrize(
    ("training", "reason"),
    [
        ("inaccurate", "below smoke_test.min_accuracy"),
        ("crashing", f"no such column: weight ({trainings.__file__}:{CRASHES_AT})"),
    ],
)
def test_a_stack_that_fails_its_smoke_test_is_not_promoted(
    home: Home, run: CommandLine, client: Client, training: str, reason: str
) -> None:
    home.edit("environments/local.yaml", with_training(training))
    failed = run("up", "--env", "local")
    assert failed.code == 6
    told = " ".join(failed.err.split())
    assert reason in told and "zenml-local has no version yet" in told
    assert "zenml-local" not in snapshot()["stacks"]
    assert "zenml-local-v1.0.0" in snapshot()["stacks"]
    report = client.get_artifact_version("local_smoke_test")
    assert report.run_metadata["passed"] is False

    home.edit("environments/local.yaml", with_training("own"))
    assert run("up", "--env", "local").code == 0
    assert "zenml-local" in snapshot()["stacks"]


@pytest.mark.slow
def test_what_is_demanded_of_a_stack_anew_is_tried(home: Home, run: CommandLine) -> None:
    """And the plan says so, for trainings that are repeated each time as well."""
    home.edit(LOCAL, only_base)
    assert run("up", "--env", "local").code == 0
    home.edit(LOCAL, with_training("own", min_accuracy=0.5))
    planned = run("plan", "--env", "local")
    assert planned.code == 0 and "zenml-local-v1.0.0" in planned.out
    assert run("up", "--env", "local", "--json").json["plan"]["to_test"] == ["zenml-local-v1.0.0"]
    assert run("up", "--env", "local", "--json").json["plan"]["to_test"] == []
    home.edit(LOCAL, with_training("inaccurate"))
    assert run("up", "--env", "local").code == 6
    home.edit(LOCAL, with_training("own", min_accuracy=0.5, when="always"))
    assert "zenml-local-v1.0.0" in run("plan", "--env", "local").out
    before = snapshot()
    for _ in range(2):
        again = run("up", "--env", "local", "--json")
        assert again.code == 0 and again.json["plan"]["to_test"] == ["zenml-local-v1.0.0"]
        assert snapshot() == before


def test_a_training_over_its_time_limit_is_stopped(
    home: Home, run: CommandLine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.lifecycle import proving

    begun = home.folder / "begun"
    monkeypatch.setenv("ZENSTRAP_TEST_BEGUN", str(begun))
    real = proving.run_pipeline_on_stack
    hours = 3600.0

    def timed(*arguments: Any, **rest: Any) -> Any:
        return real(*arguments, **rest, clock=lambda: hours if begun.exists() else 0.0)

    monkeypatch.setattr(proving, "run_pipeline_on_stack", timed)
    home.edit("environments/local.yaml", with_training("endless"))
    failed = run("up", "--env", "local")
    assert failed.code == 6
    assert "time limit" in failed.err
    training = client.list_pipeline_runs(pipeline="smoke_training").items[0]
    assert training.status.value == "failed"
    assert "zenml-local" not in snapshot()["stacks"]


@pytest.mark.parametrize("training", ["interrupting", "terminating"])
def test_a_signal_during_a_training_ends_the_run_and_the_next_goes_on(
    home: Home, run: CommandLine, client: Client, training: str
) -> None:
    home.edit("environments/local.yaml", with_training(training))
    assert run("up", "--env", "local").code == 130
    assert "zenml-local" not in snapshot()["stacks"]
    assert not list((home.state / "leases").glob("*.json"))
    assert {r.status.value for r in client.list_pipeline_runs().items} == {"failed"}

    home.edit("environments/local.yaml", with_training("own"))
    assert run("up", "--env", "local").code == 0


def test_a_failed_upgrade_leaves_the_current_stack(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    current = alias_parts("zenml-local")

    home.edit("environments/local.yaml", with_training("inaccurate"))
    home.edit("environments/local.yaml", with_version("1.1.0", "1.1.0"))
    assert run("up", "--env", "local").code == 6
    assert alias_parts("zenml-local") == current

    home.edit("environments/local.yaml", with_training("own"))
    assert run("up", "--env", "local").code == 0
    assert alias_parts("zenml-local")["artifact_store"] == ["zenml-local-artifact-store-v1.1.0"]
    assert alias_parts("zenml-local-v1.0.0") == current


def test_the_model_is_read_back_and_compared(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.lifecycle import proving

    real = proving.predictions
    monkeypatch.setattr(proving, "predictions", lambda m, f: ["wrong", *real(m, f)[1:]])
    home.edit("environments/local.yaml", only_base)
    failed = run("up", "--env", "local")
    assert failed.code == 6
    assert "67 of 68" in failed.err


def test_a_model_that_is_gone_from_the_store_fails_the_smoke_test(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.lifecycle import proving

    real = proving._require_real_run

    def lose_the_model(*arguments: Any) -> Any:
        model = real(*arguments)
        shutil.rmtree(model.uri)
        return model

    monkeypatch.setattr(proving, "_require_real_run", lose_the_model)
    home.edit("environments/local.yaml", only_base)
    failed = run("up", "--env", "local")
    assert failed.code == 6
    assert "can't be read back" in failed.err


def test_a_training_on_another_stack_fails_the_smoke_test(
    home: Home, run: CommandLine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.lifecycle import proving

    default = client.get_stack("default").id
    real = proving.run_pipeline_on_stack

    def elsewhere(pipeline: Any, stack_id: Any, **rest: Any) -> Any:
        return real(pipeline, default, **rest)

    monkeypatch.setattr(proving, "run_pipeline_on_stack", elsewhere)
    home.edit("environments/local.yaml", only_base)
    failed = run("up", "--env", "local")
    assert failed.code == 6
    assert "another stack: default" in failed.err


def test_one_failing_project_does_not_hold_the_others(home: Home, run: CommandLine) -> None:
    def failing(config: dict[str, Any]) -> None:
        config["smoke_test"] = {"training": "tests.trainings:crashing"}

    home.edit("ml_projects/fraud_detection.yaml", failing)
    assert run("up", "--env", "local").code == 6
    names = set(snapshot()["stacks"])
    assert {"zenml-local", "zenml-local-recommendation"} <= names
    assert "zenml-local-fraud-detection" not in names


def test_the_users_active_stack_stays(home: Home, run: CommandLine, client: Client) -> None:
    home.edit("environments/local.yaml", only_base)
    client.activate_stack("default")
    before = (home.zenml / "config.yaml").read_text()
    assert run("up", "--env", "local").code == 0
    assert (home.zenml / "config.yaml").read_text() == before


@pytest.mark.slow
def test_a_stack_of_ours_never_carries_our_own_runs(
    home: Home, run: CommandLine, client: Client
) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    client.activate_stack("zenml-local")
    assert run("up", "--env", "local").code == 0
    assert run("down", "--env", "local", "--yes").code == 0
    own = client.list_pipeline_runs(tags=["zenstrap"], size=50, hydrate=True).items
    assert {r.stack.name for r in own if r.stack} == {"default"}
    run("status", "--env", "local")
    from zenml.client import Client as Fresh

    assert Fresh().active_stack_model.name == "default"


@pytest.mark.slow
def test_what_was_changed_outside_is_put_right(
    home: Home, run: CommandLine, client: Client
) -> None:
    from zenml.enums import StackComponentType

    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    before = snapshot()["components"]
    client.update_stack_component(
        "zenml-local-artifact-store-v1.0.0",
        StackComponentType.ARTIFACT_STORE,
        configuration={"path": str(home.folder / "elsewhere")},
    )
    shutil.rmtree(home.artifacts / "shared")
    assert run("plan", "--env", "local").code == 2
    assert run("up", "--env", "local").code == 0
    key = ("artifact_store", "zenml-local-artifact-store-v1.0.0")
    assert snapshot()["components"][key][2] == before[key][2]
    assert (home.artifacts / "shared").is_dir()
    trainings = client.list_pipeline_runs(pipeline="smoke_training")
    assert trainings.total == 2  # what was made anew is proven anew
    assert run("plan", "--env", "local").code == 0


@pytest.mark.slow
def test_a_dropped_project_needs_consent_and_leaves_nothing(home: Home, run: CommandLine) -> None:
    assert run("up", "--env", "local").code == 0

    def drop(config: dict[str, Any]) -> None:
        config["ml_projects"] = ["recommendation"]

    home.edit("environments/local.yaml", drop)
    before = snapshot()
    assert run("up", "--env", "local").code == 5
    assert snapshot() == before
    assert run("up", "--env", "local", "--yes").code == 0
    assert not [name for name in snapshot()["stacks"] if "fraud" in name]
    assert not [name for _, name in snapshot()["components"] if "fraud" in name]
    assert sorted(p.name for p in (home.artifacts / "ml_projects").iterdir()) == ["recommendation"]


def test_events_are_one_json_object_a_line(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    lines = run("up", "--env", "local", "--events").out.splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert {"run_started", "step_started", "step_finished", "resource_finished"} <= set(events)


@pytest.mark.slow
def test_a_stack_that_was_taken_down_and_made_again_is_tested_again(
    home: Home, run: CommandLine, client: Client
) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    assert run("down", "--env", "local", "--yes").code == 0
    home.edit("environments/local.yaml", with_training("crashing"))
    assert run("up", "--env", "local").code == 6
    assert "zenml-local" not in snapshot()["stacks"]


def test_a_down_of_nothing_keeps_no_file_that_isnt_there(home: Home, run: CommandLine) -> None:
    ended = run("down", "--env", "local", "--yes", "--json")
    assert ended.code == 0
    kept = [one["name"] for one in ended.json["kept"]]
    assert [name for name in kept if name.startswith("/") and not Path(name).exists()] == []


def test_a_component_with_a_name_of_its_own_is_registered_by_it(
    home: Home, run: CommandLine, client: Client
) -> None:
    from zenml.enums import StackComponentType

    def named(content: dict[str, Any]) -> None:
        components = content["stack"]["components"]
        components["images"] = {"kind": "image_builder", "version": "1.0.0", "flavor": "local"}

    home.edit("environments/local.yaml", only_base)
    home.edit("environments/local.yaml", named)
    up = run("--env", "local")
    assert up.code == 0, up.err
    parts = client.get_stack("zenml-local").components[StackComponentType.IMAGE_BUILDER]
    assert [part.name for part in parts] == ["zenml-local-images-v1.0.0"]
    assert run("plan", "--env", "local").code == 0

    def older(content: dict[str, Any]) -> None:
        content["stack"]["components"]["images"]["settings"] = {}
        content["stack"]["components"]["orchestrator"]["version"] = "1.0.1"

    home.edit("environments/local.yaml", older)
    assert run("plan", "--env", "local").code in (2, 5)
    assert run("down", "--env", "local", "--yes").code == 0
    left = client.list_stack_components(name="startswith:zenml-local").items
    assert left == []
