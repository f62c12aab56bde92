"""The command that an orchestrator starts in a container: ZenML's own, in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.conftest import Home, forget_zenml
from tests.e2e.servers import zenml_server
from tests.environments import only_base
from zenstrap.config.loading import load_environment
from zenstrap.lease import FileLeaseStore, holder
from zenstrap.paths import project_root
from zenstrap.runs import recent_runs

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse, PipelineSnapshotResponse

pytestmark = pytest.mark.slow  # a ZenML server, and two whole runs


# `python -m zenml.entrypoints.entrypoint`, but for /app, which it makes and enters: that belongs to
# a container.
ENTRY_POINT = """
import os

real = os.makedirs
os.chdir = lambda path: None
os.makedirs = lambda path, *rest, **named: path == "/app" or real(path, *rest, **named)

if __name__ == "__main__":
    from zenml.entrypoints.entrypoint import main

    main()
"""


def submitted(pipeline: Any, **parameters: Any) -> tuple[PipelineSnapshotResponse, Any]:
    """What an orchestrator's client has done before it starts a container: no body is run."""
    from zenml.pipelines.run_utils import create_placeholder_run

    prepared = pipeline.copy()
    prepared.prepare(**parameters)
    snapshot = prepared._create_snapshot(**prepared._run_args)
    # Only a local orchestrator has to be told the run's id.
    return snapshot, create_placeholder_run(snapshot=snapshot, orchestrator_run_id=str(uuid4()))


def started(snapshot: PipelineSnapshotResponse, run: PipelineRunResponse, home: Path) -> str:
    """Start ZenML's entry point in an empty home, with the run's own token and nothing else.

    Returns:
        What the process said; its exit code says what ZenML made of it.
    """
    from zenml.orchestrators.utils import get_config_environment_vars
    from zenml.pipelines.dynamic.entrypoint_configuration import (
        DynamicPipelineEntrypointConfiguration as EntryPoint,
    )

    environ, secrets = get_config_environment_vars(pipeline_run_id=run.id)
    main = home / "entrypoint.py"
    main.write_text(ENTRY_POINT)
    words = EntryPoint.get_entrypoint_arguments(snapshot_id=snapshot.id, run_id=run.id)
    done = subprocess.run(
        [sys.executable, str(main), *words],
        cwd=home,
        env={
            **environ,
            **secrets,
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(project_root()),
            "ZENML_ACTIVE_STACK_ID": str(snapshot.stack.id),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_CONFIG_PATH": str(home / "zenml"),
            "ZENSTRAP_HOME": str(home / "zenstrap"),
        },
        capture_output=True,
        text=True,
    )
    return f"{done.returncode}\n{done.stdout}\n{done.stderr}"


def test_in_a_container(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.edit("environments/local.yaml", only_base)
    with zenml_server(tmp_path / "server", f"sqlite:///{tmp_path}/zenml.db") as server:
        monkeypatch.setenv("ZENML_STORE_URL", server.url)
        monkeypatch.setenv("ZENML_STORE_API_KEY", server.account("whoever-submits"))
        forget_zenml()
        from zenml.client import Client

        from pipelines.bootstrap import bootstrap

        client = Client()
        elsewhere = tmp_path / "container"
        elsewhere.mkdir()
        snapshot, run = submitted(bootstrap, config=load_environment("local"))
        said = started(snapshot, run, elsewhere)
        ended = client.get_pipeline_run(run.id)
        assert ended.status.value == "completed", said
        assert ended.run_metadata["outcome"] == "done"
        (record,) = recent_runs(client, "local", "", limit=5)
        assert (record.id, record.command) == (str(run.id), "up") and record.owner
        assert client.get_stack("zenml-local").labels["version"] == "1.0.0"
        assert holder(FileLeaseStore(elsewhere / "zenstrap" / "leases"), "local") is None

        # The environment's state lies in that container: from here it is somebody else's.
        forget_zenml()
        snapshot, run = submitted(bootstrap, config=load_environment("local"))
        said = started(snapshot, run, home.folder)
        assert client.get_pipeline_run(run.id).status.value == "failed", said
        forget_zenml()
