"""The world that an earlier version made, brought up with the code of today.

Whatever changes how living environments are read or written is held by this: nothing of theirs is
replaced, nothing is tested again, nobody is asked for a version, and their past is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.registry_state import alias_parts, snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import forget_zenml
from tests.e2e.google_access import smoke_tests
from tests.e2e.google_cloud import alive, buckets
from tests.recorded import stages
from tests.recorded.record import HOMES, write_configs
from tests.recorded.world import WORLD, brought_up, machine
from zenstrap import paths
from zenstrap.naming import belongs_to
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # four environments, each brought up and taken down


@pytest.fixture
def cloud(
    tmp_path: Path, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rehearsal]:
    """The recorded world in its place; this process is in it."""
    with brought_up(tmp_path / "cloud") as rehearsal:
        for name, value in rehearsal.environment().items():
            monkeypatch.setenv(name, value)
        for name, folder in HOMES.items():
            (WORLD / folder).mkdir(exist_ok=True)
            monkeypatch.setenv(name, str(WORLD / folder))
        credentials = str(machine(rehearsal, tmp_path))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", credentials)
        monkeypatch.setenv("ZENML_ENABLE_IMPLICIT_AUTH_METHODS", "true")
        for name in ("ZENML_STORE_URL", "ZENML_STORE_API_KEY", "ZENML_ACTIVE_STACK_ID"):
            monkeypatch.delenv(name, raising=False)
        forget_zenml()
        from zenml.utils import source_utils

        source_utils.set_custom_source_root(str(paths.project_root()))
        yield rehearsal
        forget_zenml()


@pytest.fixture
def run(cloud: Rehearsal, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.mark.parametrize("name", stages.ENVIRONMENTS)
def test_its_environments_live_on(cloud: Rehearsal, run: CommandLine, name: str) -> None:
    before = snapshot()
    made, buckets_before = alive(cloud), all_buckets(cloud)

    # The first run of today's code.
    first = up(run, name)
    assert first.code == 0, first.err
    assert actions(first) <= {"update"}
    assert smoke_tests(first) == [] and first.json["plan"]["to_test"] == []
    assert parts(snapshot()) == parts(before)
    assert alive(cloud) == made and all_buckets(cloud) == buckets_before

    # The second one has nothing to do.
    now = snapshot()
    second = up(run, name)
    assert second.code == 0, second.err
    assert second.json["plan"]["empty"]
    assert snapshot() == now

    # Its past is told.
    (told,) = run("status", "--env", name, "--json").json["environments"]
    assert len(told["aliases"]) == 1 + len(stages.ML_PROJECTS)
    for alias in told["aliases"]:
        assert alias["current"] == stages.CURRENT
        found = {one["version"]: one for one in alias["versions"]}
        assert [one["smoke_test"]["passed"] for one in found.values()] == [False, True, True]
        promoted = [version for version, one in found.items() if one["promoted_by"]]
        assert promoted == [stages.CURRENT, "1.0.0"]
    past = run("history", "--env", name, "--json").json["runs"]
    assert [one["status"] for one in past] == [
        "completed", "completed", "failed", "completed", "completed",
    ]  # fmt: skip

    shown = first.json["plan"]
    assert past[1]["changes"] == sum(shown["counts"].values()) + len(shown["registrations"])

    # Back to the first version, proven anew; and forward again.
    back = run("rollback", "--env", name, "--yes", "--json")
    assert back.code == 0, back.err
    assert smoke_tests(back) == [f"zenml-{name}-v1.0.0"]
    assert alias_parts(f"zenml-{name}") == parts(before)["stacks"][f"zenml-{name}-v1.0.0"][-1]
    again = up(run, name)
    assert again.code == 0, again.err
    assert alias_parts(f"zenml-{name}") == parts(before)["stacks"][f"zenml-{name}"][-1]

    if name in stages.APPROVED:
        nothing_is_taken_from_it(cloud, run, name)
    if name == "prod":
        return  # strict: nothing takes it away
    if name in stages.APPROVED:
        change(name, lambda config: config["protection"].update(allow_destroy=True))
    gone = run("down", "--env", name, "--yes", "--json")
    assert gone.code == 0, gone.err
    left = snapshot()
    assert not [stack for stack in left["stacks"] if belongs_to(stack, name)]
    assert not [one for _, one in left["components"] if one.startswith(f"zenml-{name}-")]
    assert not (WORLD / "zenstrap" / "artifacts" / name).exists()
    assert not [one for one in all_buckets(cloud) if one.endswith(f"-zenml-{name}")]
    others = {stack for stack in before["stacks"] if not belongs_to(stack, name)}
    assert set(left["stacks"]) == others


def nothing_is_taken_from_it(cloud: Rehearsal, run: CommandLine, name: str) -> None:
    """A protected environment keeps what its current versions stand on."""

    def moved(config: dict[str, Any]) -> None:
        config["stack"]["version"] = "1.3.0"
        if name == "prod":
            config["stack"]["components"]["container_registry"] = None
        else:
            config["stack"]["components"]["artifact_store"]["version"] = "1.1.0"
            config["local"] = {"root": str(WORLD / "elsewhere")}

    kept, made, folders = snapshot(), alive(cloud), sorted((WORLD / "zenstrap").rglob("*.json"))
    refused = run("down", "--env", name, "--yes", "--json")
    assert refused.code == 5, refused.err
    put_back = change(name, moved)
    for project in stages.ML_PROJECTS:
        file = WORLD / "configs" / "ml_projects" / f"{project}.yaml"
        file.write_text(file.read_text().replace(stages.CURRENT, "1.3.0"))
    planned = run("plan", "--env", name, "--json")
    assert planned.code == 5, planned.err
    assert planned.json["plan"]["losses"]
    assert up(run, name).code == 5
    assert snapshot() == kept and alive(cloud) == made
    assert sorted((WORLD / "zenstrap").rglob("*.json")) == folders
    put_back()


def up(run: CommandLine, name: str) -> Ended:
    return run("up", "--env", name, "--yes", "--json")


def actions(ended: Ended) -> set[str]:
    """What the plan would do to infrastructure."""
    changes = ended.json["plan"]["infrastructure"]["changes"]
    return {change["action"] for change in changes}


def parts(state: dict[str, Any]) -> dict[str, Any]:
    """What ZenML holds, without labels and the time of the last write."""
    return {
        "stacks": {name: (found[0], found[-1]) for name, found in state["stacks"].items()},
        "components": {key: (found[0], found[-1]) for key, found in state["components"].items()},
        "connectors": state["connectors"],
    }


def all_buckets(cloud: Rehearsal) -> set[str]:
    return {bucket for project in stages.GOOGLE_PROJECTS for bucket in buckets(cloud, project)}


def change(name: str, how: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    """Change an environment's file; what comes back puts all files back."""
    file = WORLD / "configs" / "environments" / f"{name}.yaml"
    content = yaml.safe_load(file.read_text())
    how(content)
    file.write_text(yaml.safe_dump(content))
    return lambda: write_configs(stages.CURRENT)
