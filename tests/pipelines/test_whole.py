"""A pipeline opens and closes its run itself, from wherever it is started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Home
from tests.environments import only_base, with_training
from tests.secret_search import leaks
from zenstrap import paths
from zenstrap.config.loading import load_environment
from zenstrap.errors import (
    InterruptedRunError,
    LockHeldError,
    RefusedError,
    SmokeTestError,
    UsageError,
)
from zenstrap.interrupt import Interrupt
from zenstrap.lease import FileLeaseStore, Lease, holder
from zenstrap.request import Request
from zenstrap.runs import REFUSED_TAG, recent_runs

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import PipelineRunResponse


@pytest.fixture
def alone(home: Home, client: Client) -> Client:
    """An environment of one stack, and ZenML's client."""
    home.edit("environments/local.yaml", only_base)
    return client


def bootstrap(**request: Any) -> PipelineRunResponse | None:
    from pipelines.bootstrap import bootstrap

    return bootstrap(config=load_environment("local"), request=Request(**request))


def teardown(**request: Any) -> PipelineRunResponse | None:
    from pipelines.teardown import teardown

    return teardown(config=load_environment("local"), request=Request(**request))


def newest(client: Client) -> PipelineRunResponse:
    return client.list_pipeline_runs(sort_by="desc:created", size=1, hydrate=True).items[0]


def is_held() -> bool:
    return holder(FileLeaseStore(paths.leases_folder()), "local") is not None


def test_from_python(alone: Client) -> None:
    """The same run as from the command line: recorded, found, and gone without a trace."""
    bootstrap()
    (up,) = recent_runs(alone, "local", "", limit=5)
    assert (up.command, up.status, up.changes) == ("up", "completed", 5)
    assert up.owner and up.state is not None and up.state.resources == 1
    assert alone.get_stack("zenml-local").labels["version"] == "1.0.0"
    run = alone.get_pipeline_run(up.id)
    assert run.name.startswith("local-bootstrap-")
    assert run.run_metadata["outcome"] == "done"
    assert run.config.parameters["request"]["approved"] is False
    assert not is_held() and not paths.run_folder("local", "any").parent.exists()

    bootstrap()
    assert recent_runs(alone, "local", up.owner, limit=1)[0].changes == 0

    with pytest.raises(RefusedError):  # nobody was asked
        teardown()
    teardown(approved=True)
    assert not alone.list_stacks(name="startswith:zenml-local").items
    assert not (paths.home() / "artifacts").exists()


def test_who_comes_second_is_kept_out_and_counts_nowhere(alone: Client) -> None:
    leases = FileLeaseStore(paths.leases_folder())
    with Lease.acquire(leases, "local", "up", heartbeat=None), pytest.raises(LockHeldError):
        bootstrap()
    run = newest(alone)
    assert run.status.value == "failed"
    assert REFUSED_TAG in {tag.name for tag in run.tags}
    assert "failed: " in str(run.run_metadata["outcome"])
    assert recent_runs(alone, "local", "", limit=5) == []


def test_a_failed_smoke_test_ends_the_run_and_frees_the_environment(
    home: Home, alone: Client
) -> None:
    def demanding(content: dict[str, Any]) -> None:
        content["smoke_test"] = {"min_accuracy": 1.0}

    home.edit("environments/local.yaml", demanding)
    with pytest.raises(SmokeTestError):
        bootstrap()
    assert "failed: " in str(newest_command(alone).run_metadata["outcome"])
    assert not is_held()


def newest_command(client: Client) -> PipelineRunResponse:
    return client.get_pipeline_run(recent_runs(client, "local", "", limit=1)[0].id)


def test_asked_to_stop_it_ends_and_says_so(alone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens for signals in this process is heard by a run that it didn't start."""
    from zenstrap import stopping
    from zenstrap.lifecycle import provisioning

    interrupt = Interrupt()
    listening = stopping.Stopping()
    listening.interrupt = interrupt
    monkeypatch.setattr(stopping, "_current", listening)
    real = provisioning.provision

    def stopped(*given: Any) -> Any:
        interrupt.request()
        return real(*given)

    monkeypatch.setattr(provisioning, "provision", stopped)
    with pytest.raises(InterruptedRunError):
        bootstrap()
    assert newest(alone).status.value == "failed" and not is_held()


SCRIPT = """
import os, signal, sys
from zenstrap.config.loading import load_environment
from zenstrap.lifecycle import {module}
from pipelines.bootstrap import bootstrap
real = {module}.{function}

def signalled(*given, **named):
    result = real(*given, **named)
    for _ in range({times}):
        os.kill(os.getpid(), signal.SIGINT)
    if {times} > 1:
        signal.pause()
    from zenstrap import stopping
    while not stopping.current().interrupt.requested:
        pass
    return result

{module}.{function} = signalled
if __name__ == "__main__":
    try:
        bootstrap(config=load_environment("local"))
    except BaseException as error:
        print("ENDED", type(error).__name__)
    print("AFTER")
"""


@pytest.mark.slow  # a process each
@pytest.mark.parametrize(
    ("module", "function", "times", "ended"),
    [
        ("provisioning", "provision", 1, "InterruptedRunError"),
        ("registering", "promote", 1, "KeyboardInterrupt"),  # all was done
        ("provisioning", "provision", 2, "KeyboardInterrupt"),
    ],
)
def test_ctrl_c_in_a_script_ends_the_run_and_not_the_script(
    home: Home, alone: Client, tmp_path: Path, module: str, function: str, times: int, ended: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(module=module, function=function, times=times))
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(paths.project_root())},
        capture_output=True,
        text=True,
    )
    assert f"ENDED {ended}\nAFTER\n" in done.stdout, done.stdout + done.stderr
    assert "finished first" in done.stderr and not is_held()
    status = recent_runs(alone, "local", "", limit=1)[0].status
    assert status == ("completed" if module == "registering" else "failed")


@pytest.mark.slow  # a process that prints what it shouldn't
def test_what_is_secret_of_its_environment_stays_out_of_the_records(
    home: Home, alone: Client, tmp_path: Path
) -> None:
    secret = "marked-secret-of-tests-0123"
    home.edit("environments/local.yaml", with_training("telling_and_failing"))
    script = tmp_path / "script.py"
    script.write_text(
        "from zenstrap.config.loading import load_environment\n"
        "from pipelines.bootstrap import bootstrap\n"
        'if __name__ == "__main__":\n'
        '    bootstrap(config=load_environment("local"))\n'
    )
    environ = {
        "PYTHONPATH": str(paths.project_root()),
        "SERVICE_TOKEN": secret,
        "ZENSTRAP_TEST_TELL": secret,
    }
    done = subprocess.run(
        [sys.executable, str(script)], env={**os.environ, **environ}, capture_output=True
    )
    assert done.returncode == 1
    assert leaks({secret}, home) == []


def test_started_like_this_it_cant_be_meant(alone: Client) -> None:
    from pipelines.bootstrap import bootstrap

    for given in ({}, {"config": None}, {"config": "local"}, {"config": {}, "request": 1}):
        with pytest.raises(UsageError):
            bootstrap(**given)
    config = load_environment("local")
    with pytest.raises(UsageError, match="request"):
        bootstrap(config=config, request={"yes": True})
    assert alone.list_pipeline_runs().total == 0


def test_configured_beforehand(alone: Client) -> None:
    from pipelines.plan import plan

    config = load_environment("local").model_dump(mode="json")
    plan.with_options(parameters={"config": config})()
    assert recent_runs(alone, "local", "", limit=1)[0].status == "completed"


def test_from_another_thread(alone: Client) -> None:
    """As a scheduler does it: no signals are heard there."""
    ended: list[object] = []

    def work() -> None:
        try:
            ended.append(bootstrap())
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    (ended_with,) = ended
    assert not isinstance(ended_with, BaseException), ended_with
    assert recent_runs(alone, "local", "", limit=1)[0].status == "completed"


def test_not_on_a_stack_of_its_own(alone: Client) -> None:
    bootstrap()
    alone.activate_stack("zenml-local")
    with pytest.raises(UsageError, match="zenml-local"):
        bootstrap()
    assert recent_runs(alone, "local", "", limit=1)[0].status == "failed" and not is_held()


def test_a_step_alone_is_refused(alone: Client) -> None:
    from tests.pipelines.by_hand import by_hand

    pipeline = by_hand.with_options(substitutions={"environment": "local"})
    with pytest.raises(UsageError, match="no zenstrap run is open"):
        pipeline(config=load_environment("local"))
