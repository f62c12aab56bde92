"""Killed with SIGKILL in the midst of an apply, against Google Cloud's double: `up` goes on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import Environment, owner
from tests.e2e.real_process import LIMIT, RUN
from tests.environments import only_base
from zenstrap.config.loading import load_environment
from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt
from zenstrap.paths import project_root
from zenstrap.platforms import platform_of
from zenstrap.terraform.orphans import running_on
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

STATE = "acme-ml-dev-tfstate"


@pytest.fixture
def dev(cloud: Rehearsal, home: Home, local_training: None) -> None:
    home.edit("environments/dev.yaml", only_base)


class Held:
    """A call of Terraform's that waits until it is let go."""

    def __init__(self, cloud: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._cloud = cloud
        monkeypatch.setattr(cloud.faults, "_sleep", self._block)

    def _block(self, seconds: float) -> None:
        self.begun.set()
        self.go_on.wait(LIMIT)

    @contextmanager
    def at(
        self, kind: str, *command: str, operation: str = "create"
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A run of zenstrap that is about to make something; it is killed at the end."""
        self._cloud.faults.add(kind=kind, operation=operation, seconds=1)
        victim = subprocess.Popen(
            [*RUN, *command],
            cwd=project_root(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert self.begun.wait(LIMIT)
            yield victim
        finally:
            victim.kill()
            victim.wait(LIMIT)


def state() -> str:
    return platform_of(load_environment("dev")).state_address()


def killed_in_an_apply(cloud: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run `up`, and kill it and its Terraform once that has asked Google to enable an API."""
    held = Held(cloud, monkeypatch)
    with held.at("google_project_service", "up", "--env", "dev"):
        children = [psutil.Process(one.pid) for one in running_on(state())]
        for one in children:
            one.kill()
    held.go_on.set()
    assert psutil.wait_procs(children, timeout=LIMIT)[1] == []


def locks(cloud: Rehearsal) -> list[Any]:
    return [one for one in owner(cloud).list_blobs(STATE) if one.name.endswith(".tflock")]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen in the first pause; every pause is short."""

    def wait_for(happens: Callable[[], object]) -> None:
        left = [happens]

        def wait(interrupt: Interrupt, seconds: float) -> None:
            if left:
                left.pop()()
            threading.Event().wait(0.05)
            interrupt.check()

        monkeypatch.setattr(Interrupt, "wait", wait)

    return wait_for


def test_its_terraform_finishes_before_the_next_run_begins(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch,
    waiting: Callable[..., None],
) -> None:  # fmt: skip
    held = Held(cloud, monkeypatch)
    with held.at("google_storage_bucket", "up", "--env", "dev"):
        started = [psutil.Process(one.pid) for one in running_on(state())]
    names = " ".join(" ".join(one.cmdline()) for one in started)
    assert "terraform apply" in names and "terraform-provider-google" in names

    # No other command begins before it is done.
    assert run("unlock", "--env", "dev", "--yes").code == 4

    def give_up() -> None:
        raise InterruptedRunError("interrupted")

    for command in ("plan", "down", "rollback"):
        waiting(give_up)
        assert run(command, "--env", "dev").code == 130
    at_work: list[bool] = []

    def let_go() -> None:
        at_work.append(len(locks(cloud)) == 1 and len(started) == len(running_on(state())))
        held.go_on.set()

    waiting(let_go)
    again = run("up", "--env", "dev", "--json")
    assert at_work == [True]
    assert again.code == 0, again.err + again.out
    assert psutil.wait_procs(started, timeout=LIMIT)[1] == []
    assert running_on(state()) == () and locks(cloud) == []
    _, plan = Environment("dev").plan()
    assert plan.is_empty


def test_up_goes_on_by_itself(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_in_an_apply(cloud, monkeypatch)
    assert len(locks(cloud)) == 1
    # The first one that goes on can't free it; the next one still knows whose it is.
    lock = locks(cloud)[0].name
    from zenstrap.platforms.gcp.storage.state_lock import GcsStateLocks

    def unreachable(*given: object) -> bool:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(GcsStateLocks, "free", unreachable)
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


def test_what_terraform_could_not_record_is_taken_over(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine stops: the bucket is there, and nobody has heard of it."""
    held = Held(cloud, monkeypatch)
    up = ("up", "--env", "dev")
    with held.at("google_storage_bucket", *up, operation="created"):
        children = [psutil.Process(one.pid) for one in running_on(state())]
        for one in children:
            one.kill()
    held.go_on.set()
    assert psutil.wait_procs(children, timeout=LIMIT)[1] == []
    again = run(*up, "--json")
    assert again.code == 0, again.err + again.out
    whose = json.loads(
        owner(cloud).bucket(STATE).blob("zenstrap/dev/owner.json").download_as_text()
    )
    labels = owner(cloud).get_bucket("acme-ml-dev-zenml-dev").labels
    assert labels["zenstrap_owner"] == whose["id"]
    assert run("plan", "--env", "dev").code == 0


@pytest.mark.parametrize(("by", "code"), [("two Ctrl-C", 130), ("the system", 7)])
def test_a_terraform_that_was_killed_leaves_no_lock_that_stops_the_next_run(
    cloud: Rehearsal, dev: None, run: CommandLine, monkeypatch: pytest.MonkeyPatch,
    by: str, code: int,
) -> None:  # fmt: skip
    held = Held(cloud, monkeypatch)
    with held.at("google_storage_bucket", "up", "--env", "dev") as victim:
        children = [psutil.Process(one.pid) for one in running_on(state())]
        if by == "the system":
            (terraform,) = [one for one in children if one.exe() == shutil.which("terraform")]
            terraform.kill()
        else:
            victim.send_signal(signal.SIGINT)
            victim.send_signal(signal.SIGINT)
        assert psutil.wait_procs(children, timeout=LIMIT)[1] == []
        assert victim.wait(LIMIT) == code
    held.go_on.set()
    assert len(locks(cloud)) == 1  # Terraform was killed
    again = run("up", "--env", "dev", "--json")
    assert again.code == 0, again.err + again.out
    assert locks(cloud) == []
