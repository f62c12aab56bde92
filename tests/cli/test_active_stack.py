"""The user's active stack: never changed, but where it is deleted, and then the plan says so."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import Home, forget_zenml
from tests.environments import only_base
from tests.other_stacks import make_stack

if TYPE_CHECKING:
    from zenml.client import Client

pytestmark = pytest.mark.slow  # several whole runs a test

BASE, FRAUD = "zenml-local", "zenml-local-fraud-detection"


@pytest.fixture
def up(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", with_fraud)
    assert run("--env", "local").code == 0


def with_fraud(config: dict[str, Any]) -> None:
    config["ml_projects"] = ["fraud_detection"]


def activate(stack: str | uuid.UUID) -> None:
    """As `zenml stack set` does it, in a process of its own."""
    from zenml.client import Client

    forget_zenml()
    Client().activate_stack(stack)
    forget_zenml()


def named_in(file: Path) -> str:
    """The name of the stack that a configuration of ZenML's names; it must be there."""
    from zenml.client import Client

    stack_id = yaml.safe_load(file.read_text())["active_stack_id"]
    return str(Client().get_stack(uuid.UUID(str(stack_id))).name)


def about_it(ended: Ended) -> list[str]:
    return [one for one in ended.json["plan"]["notices"] if "active stack" in one]


def test_up_that_drops_the_ml_project(home: Home, run: CommandLine, up: None) -> None:
    activate(FRAUD)
    assert about_it(run("plan", "--env", "local", "--json")) == []
    home.edit("environments/local.yaml", only_base)
    (told,) = about_it(run("plan", "--env", "local", "--json"))
    assert FRAUD in told
    assert named_in(home.zenml / "config.yaml") == FRAUD
    ended = run("up", "--env", "local", "--yes", "--json")
    assert ended.code == 0 and about_it(ended) == [told]
    assert FRAUD not in snapshot()["stacks"]
    assert named_in(home.zenml / "config.yaml") == "default"


@pytest.mark.parametrize("active", [BASE, FRAUD, f"{BASE}-v1.0.0"])
def test_down(home: Home, run: CommandLine, up: None, active: str) -> None:
    activate(active)
    ended = run("down", "--env", "local", "--yes", "--json")
    assert ended.code == 0, ended.err
    (told,) = about_it(ended)
    assert active in told
    assert named_in(home.zenml / "config.yaml") == "default"


def test_a_down_that_fails_halfway_leaves_no_deleted_one_active(
    home: Home, run: CommandLine, up: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    def fails(self: Any, component_id: Any) -> None:
        raise ConnectionError("the server went away")

    activate(BASE)
    with monkeypatch.context() as patch:
        patch.setattr(SqlZenStore, "delete_stack_component", fails)
        assert run("down", "--env", "local", "--yes").code == 7
    assert BASE not in snapshot()["stacks"]
    assert named_in(home.zenml / "config.yaml") == "default"


def test_somebody_elses_stays(home: Home, run: CommandLine, up: None, client: Client) -> None:
    activate(make_stack(client, home))
    before = (home.zenml / "config.yaml").read_bytes()
    home.edit("environments/local.yaml", only_base)
    dropped = run("up", "--env", "local", "--yes", "--json")
    assert dropped.code == 0 and about_it(dropped) == []
    gone = run("down", "--env", "local", "--yes", "--json")
    assert gone.code == 0 and about_it(gone) == []
    assert (home.zenml / "config.yaml").read_bytes() == before


def test_one_in_a_repository_and_another_elsewhere(
    home: Home, run: CommandLine, up: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client

    activate(FRAUD)
    repository = home.folder / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    Client.initialize(repository)
    activate(BASE)
    places = home.zenml / "config.yaml", repository / ".zen/config.yaml"
    assert [named_in(place) for place in places] == [FRAUD, BASE]
    gone = run("down", "--env", "local", "--yes", "--json")
    assert gone.code == 0 and len(about_it(gone)) == 2
    assert [named_in(place) for place in places] == ["default", "default"]
