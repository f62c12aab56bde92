"""Killed with SIGKILL in the midst of an apply, against Google Cloud's double: `up` goes on."""

from __future__ import annotations

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.test_up import only_base
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import Environment, owner
from tests.e2e.test_local import LIMIT, RUN
from zenstrap.rehearsal import Rehearsal

STATE = "acme-ml-dev-tfstate"


@pytest.fixture
def dev(cloud: Rehearsal, home: Home, local_training: None) -> None:
    home.edit("environments/dev.yaml", only_base)


def killed_in_an_apply(cloud: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `up`, and kill it once Terraform has asked Google to enable an API."""
    begun, go_on = threading.Event(), threading.Event()

    def block(seconds: float) -> None:
        begun.set()
        go_on.wait(LIMIT)

    monkeypatch.setattr(cloud.faults, "_sleep", block)
    cloud.faults.add(kind="google_project_service", operation="create", seconds=1)
    victim = subprocess.Popen(
        [*RUN, "up", "--env", "dev"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert begun.wait(LIMIT)
    finally:
        victim.kill()
        victim.wait(LIMIT)
        go_on.set()


def locks(cloud: Rehearsal) -> list[Any]:
    return [one for one in owner(cloud).list_blobs(STATE) if one.name.endswith(".tflock")]


def test_up_goes_on_by_itself(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_in_an_apply(cloud, monkeypatch)
    assert len(locks(cloud)) == 1
    # The first one that goes on can't free it; the next one still knows whose it is.
    lock = locks(cloud)[0].name
    from zenstrap.storage.state_lock import StateLocks

    def unreachable(*given: object) -> bool:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(StateLocks, "free", unreachable)
        assert run("up", "--env", "dev").code == 1
    assert [one.name for one in locks(cloud)] == [lock]

    again = run("up", "--env", "dev", "--json")
    assert again.code == 0, again.err + again.out
    assert locks(cloud) == []
    assert [one.name for one in owner(cloud).list_blobs(STATE) if "lease" in one.name] == []
    _, plan = Environment("dev").plan()
    assert plan.is_empty


def test_a_lock_that_somebody_else_holds_stays(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_in_an_apply(cloud, monkeypatch)
    (lock,) = locks(cloud)
    content = json.loads(lock.download_as_bytes())
    content["Created"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    lock.upload_from_string(json.dumps(content))
    refused = run("up", "--env", "dev")
    assert refused.code == 4
    assert len(locks(cloud)) == 1

    freed = run("unlock", "--env", "dev", "--yes")
    assert freed.code == 0, freed.err
    assert locks(cloud) == []
    assert run("up", "--env", "dev").code == 0
