"""In a container that an orchestrator started: all that ZenML gives it is a token for its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.conftest import Home, forget_zenml
from tests.e2e.servers import zenml_server
from tests.e2e.signing_in import sign_in
from zenstrap import runs
from zenstrap.execution import run_pipeline_on_stack
from zenstrap.interrupt import Interrupt
from zenstrap.paths import project_root
from zenstrap.zenml_private import calls, patches
from zenstrap.zenml_private.calls import StepOfRun

pytestmark = pytest.mark.slow  # a real server

NOTHING = {"training": None, "data": None}


def test_a_smoke_test_is_started_with_the_token_of_the_run_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client

    patches.note_packages_without_pip()
    database = f"sqlite:///{tmp_path}/zenml.db"
    with zenml_server(tmp_path / "server", database) as server:
        sign_in(server, server.account("platform"), home.zenml, monkeypatch)
        calls.find_code_from(project_root())
        up = named("bootstrap", "up")
        parent = calls.record_run(up, NOTHING).run
        _be_in_a_container(parent.id, server.url, tmp_path / "container", monkeypatch)

        ended = run_pipeline_on_stack(
            named("smoke_training", runs.TRAINING),
            Client().get_stack("default").id,
            parameters=NOTHING,
            caller=StepOfRun(parent.id, uuid4()),
            time_limit=300,
            interrupt=Interrupt(),
        )
        assert ended.error is None and ended.run.status.value == "completed"

        # One more run is in the history by that: none of a command.
        assert Client().list_pipeline_runs().total == 2
        newest = runs.newest_run(Client(), "local")
        assert newest is not None and newest.id == str(parent.id)
        assert runs.recent_runs(Client(), "local", "owner", 9) == [newest]
        assert runs.fail_dead_runs(Client(), "local", "owner") == [parent.name]
        forget_zenml()


def named(pipeline: str, command: str) -> Any:
    from pipelines.smoke_training import smoke_training

    options = runs.run_options("local", pipeline, command, "owner")
    return smoke_training.with_options(
        run_name=options.name, tags=options.tags, extra=options.extra
    )


def _be_in_a_container(
    run_id: UUID, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have the environment that ZenML gives to a container, and no other credentials."""
    from zenml.orchestrators.utils import get_config_environment_vars

    plain, secret = get_config_environment_vars(pipeline_run_id=run_id)
    for name, value in (plain | secret).items():
        monkeypatch.setenv(name, value)
    assert secret["ZENML_STORE_API_TOKEN"] and plain["ZENML_STORE_URL"] == url
    monkeypatch.delenv("ZENML_STORE_API_KEY")
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(folder))
    forget_zenml()
