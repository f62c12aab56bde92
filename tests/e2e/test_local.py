"""The main job as a user runs it: `python run.py`, a process of its own, an empty home.

What became of it is looked at through ZenML's client and on disk, never in the program's words.
"""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.registry_state import alias_parts, snapshot
from tests.conftest import Home, forget_zenml
from tests.e2e.real_process import LIMIT, RUN
from tests.environments import only_base, with_training
from zenstrap.paths import project_root


def run(*words: str, answer: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUN, *words], capture_output=True, text=True, check=False, timeout=LIMIT, input=answer
    )


@contextmanager
def zenml_of(home: Home) -> Iterator[Any]:
    """ZenML's client on the store that the subprocesses use."""
    forget_zenml()
    from zenml.client import Client

    yield Client()
    forget_zenml()


def test_from_nothing_to_proven_stacks_and_back(home: Home) -> None:
    first = run("--env", "local")
    assert first.returncode == 0, first.stderr
    with zenml_of(home) as client:
        registered = snapshot()
        for project, version in (
            (None, "1.0.0"),
            ("fraud-detection", "1.1.0"),
            ("recommendation", "2.0.1"),
        ):
            base = "zenml-local" if project is None else f"zenml-local-{project}"
            parts = {
                "artifact_store": [f"{base}-artifact-store-v1.0.0"],
                "orchestrator": ["zenml-local-orchestrator-v1.0.0"],
            }
            assert alias_parts(base) == alias_parts(f"{base}-v{version}") == parts
        trainings = client.list_pipeline_runs(pipeline="smoke_training", hydrate=True).items
        assert {t.stack.name for t in trainings} == {
            "zenml-local-v1.0.0",
            "zenml-local-fraud-detection-v1.1.0",
            "zenml-local-recommendation-v2.0.1",
        }
        (bootstrap,) = client.list_pipeline_runs(pipeline="bootstrap", hydrate=True).items
        assert bootstrap.status.value == "completed"
        assert bootstrap.config.parameters["config"]["environment"] == "local"
        tests = {
            name: step for name, step in bootstrap.steps.items() if name.startswith("smoke_test")
        }
        assert {t.trigger_info.step_run_id for t in trainings} == {
            step.id for step in tests.values()
        }
        for training in trainings:
            assert training.status.value == "completed"
            store = Path(training.steps["train_model"].outputs["model"][0].uri)
            assert home.artifacts in store.parents
            assert store.is_dir()
        for name in (
            "config",
            "preflight",
            "plan",
            "gate",
            "terraform_outputs",
            "connectors",
            "registrations",
            "smoke_test",
            "promotion",
        ):
            version = client.get_artifact_version(f"local_{name}")
            assert {"zenstrap", "environment:local"} <= {tag.name for tag in version.tags}
            assert version.visualizations
            assert version.run_metadata["headline"]
        assert client.active_stack_model.name == "default"

    second = run("up", "--env", "local", "--json")
    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["plan"]["empty"] is True
    with zenml_of(home) as client:
        assert snapshot() == registered
        assert client.list_pipeline_runs(pipeline="smoke_training").total == 3

    gone = run("down", "--env", "local", "--yes")
    assert gone.returncode == 0, gone.stderr
    with zenml_of(home) as client:
        assert set(snapshot()["stacks"]) == {"default"}
        assert {name for _, name in snapshot()["components"]} == {"default"}
        assert client.list_pipeline_runs(pipeline="teardown").items[0].status.value == "completed"
    assert not home.artifacts.exists()
    # What says whose the environment is stays, as do the logs, and is told.
    left = {p for p in home.state.rglob("*") if p.is_file() and "leases" not in p.parts}
    logs = home.state / "logs"
    kept = home.state / "environments/local/state/owner.json"
    assert {p for p in left if p.parent != logs} == {kept}
    assert len(left) == 4 and {p.stat().st_mode & 0o077 for p in left} == {0}
    for place in (kept, logs):
        assert "".join(str(place).split()) in "".join(gone.stderr.split())


@pytest.mark.slow
def test_a_killed_run_is_completed_by_the_next(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    monkeypatch.setenv("ZENSTRAP_TEST_BEGUN", str(begun))
    monkeypatch.setenv("ZENSTRAP_TEST_GO_ON", str(go_on))
    monkeypatch.setenv("PYTHONPATH", str(project_root()))
    home.edit("environments/local.yaml", with_training("blocking"))
    victim = subprocess.Popen(
        [*RUN, "--env", "local"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(begun, victim)  # it is in the training now, on the candidate
    victim.send_signal(signal.SIGKILL)
    victim.wait(LIMIT)
    with zenml_of(home) as client:
        (dead,) = client.list_pipeline_runs(pipeline="bootstrap").items
        assert dead.status.value == "running"

    home.edit("environments/local.yaml", with_training("own"))
    again = run("--env", "local")
    assert again.returncode == 0, again.stderr
    with zenml_of(home) as client:
        assert client.get_pipeline_run(dead.id).status.value == "failed"
        assert {
            r.status.value for r in client.list_pipeline_runs(pipeline="smoke_training").items
        } == {"failed", "completed"}
        stacks = [name for name in snapshot()["stacks"] if name != "default"]
        assert sorted(stacks) == ["zenml-local", "zenml-local-v1.0.0"]


def wait_for(pipe: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the process writes to the named pipe; fails if it ends before."""
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    ended = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([reading, ended], [], [], LIMIT)
        assert reading in ready, "it ended, or hung, before it got there"
    finally:
        os.close(reading)
        os.close(ended)


@pytest.mark.slow
def test_down_on_a_terminal_asks_for_the_name(home: Home) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("--env", "local").returncode == 0
    assert on_terminal("down", "--env", "local", answer="yes") == 5
    assert (home.artifacts / "shared").is_dir()
    assert on_terminal("down", "--env", "local", answer="local") == 0
    assert not home.artifacts.exists()


def on_terminal(*words: str, answer: str) -> int:
    """Run it on a terminal of its own and type the answer once it asks."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(RUN[0], [*RUN, *words])
    seen = b""
    asked = False
    while True:
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # its end of the terminal is closed: it has ended
            break
        if not asked and b"to go ahead" in seen:
            os.write(terminal, answer.encode() + b"\n")
            asked = True
    os.close(terminal)
    assert asked, seen.decode(errors="replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
