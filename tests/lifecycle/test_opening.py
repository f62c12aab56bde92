"""What a run leaves of others' files, and which dead runs it finds."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Home
from zenstrap import runs
from zenstrap.config import load_environment
from zenstrap.errors import LockHeldError
from zenstrap.lease import FileLeaseStore
from zenstrap.lifecycle.opening import lease_held, remove_own_files
from zenstrap.platforms import platform_of
from zenstrap.running import Run
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client


def with_plan() -> Run:
    run = Run(platform_of(load_environment("local")), "up")
    run.run_folder.mkdir(parents=True)
    (run.run_folder / "plan").write_text("secret")
    return run


def plan_of(run: Run) -> Path:
    return run.run_folder / "plan"


def test_a_run_without_the_lease_leaves_the_holders_files(home: Home) -> None:
    """Ended at once, for example: whoever waited for the lease has a second Ctrl-C, too."""
    holder, other = with_plan(), with_plan()
    with lease_held(holder):
        with pytest.raises(LockHeldError), lease_held(other):
            pass
        remove_own_files(other)
        assert plan_of(holder).exists() and not plan_of(other).exists()
    assert not plan_of(holder).exists()


def test_a_run_that_lost_its_lease_leaves_its_successors_files(home: Home) -> None:
    loser = with_plan()
    with pytest.raises(LockHeldError), lease_held(loser):
        assert loser.lease is not None and loser.place is not None
        assert isinstance(loser.place.leases, FileLeaseStore)
        loser.place.leases.delete("local", None)
        with lease_held(successor := with_plan()):
            with pytest.raises(LockHeldError):
                loser.lease.check()
            raise_in_the_loser = plan_of(successor)
        assert not raise_in_the_loser.exists()
        left = with_plan()
        loser.lease.check()
    assert plan_of(left).exists() and not plan_of(loser).exists()


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("host", "is_dead", "found"),
    [(None, True, True), (None, False, False), ("elsewhere", True, False)],
)
def test_a_run_that_was_killed_before_it_was_tagged(
    client: Client, host: str | None, is_dead: bool, found: bool
) -> None:
    """ZenML makes a run first, and tags it then."""
    import os

    from pipelines.smoke_training import smoke_training

    pid = dead_process() if is_dead else os.getpid()
    started = {"command": "up", "host": host or socket.gethostname(), "pid": pid}
    untagged = smoke_training.with_options(
        run_name="local-bootstrap-{date}-{time}", extra={runs.STARTED: started}
    )
    run = calls.record_run(untagged, {"training": None, "data": None}).run
    assert [run.name] * found == runs.fail_dead_runs(client, "local", "an-owner")
    status = client.get_pipeline_run(run.id).status.value
    assert status == ("failed" if found else "initializing")
