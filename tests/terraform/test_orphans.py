"""What becomes of Terraform when zenstrap is killed, and how the next run meets it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from zenstrap.errors import InterruptedRunError, LockHeldError
from zenstrap.events import Event, Notice
from zenstrap.interrupt import Interrupt
from zenstrap.paths import project_root
from zenstrap.terraform import orphans
from zenstrap.terraform.orphans import running_on, wait_until_gone
from zenstrap.terraform.workspace import Workspace

from .conftest import FIXTURES, MakeProgram, MakeWorkspace

# Notes each SIGINT, says a lot, and is done when it has read a line.
STUBBORN = """
trap 'echo SIGINT >> "$NOTES"; i=0; while [ $i -lt 300 ]; do echo "$i: stopping"; i=$((i+1)); done
      echo said > "$HEARD"' INT
echo began
while ! read -r word < "$PIPE"; do :; done
echo ended >> "$NOTES"
"""
DEAF = """
trap '' INT
echo began
while ! read -r word < "$PIPE"; do :; done
"""


class Owner:
    """The process that owns a program, until it is killed."""

    def __init__(self, program: Path, state: str, seconds: float) -> None:
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.terraform.owning", str(program), state, str(seconds)],
            cwd=project_root(),
            stdout=subprocess.PIPE,
            text=True,
        )

    def hears(self, line: str) -> None:
        assert self.process.stdout is not None
        while self.process.stdout.readline().strip() != line:
            assert self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def supervisor(self) -> int:
        (top,) = [one for one in running_on(self.state) if one.parent not in self._pids()]
        return top.pid

    def _pids(self) -> set[int]:
        return {one.pid for one in running_on(self.state)}


class Talk:
    """How a test and a program speak with each other; nobody waits for ever.

    Attributes:
        notes: what the program has written down.
    """

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.environment = {"NOTES": str(self.notes)}
        self._pipes = {}
        for name in ("PIPE", "HEARD"):
            os.mkfifo(folder / name)
            self.environment[name] = str(folder / name)
            self._pipes[name] = os.open(folder / name, os.O_RDWR)

    def let_go(self) -> None:
        os.write(self._pipes["PIPE"], b"go\n")

    def program_has_heard(self) -> bool:
        """Whether it got SIGINT, and has said since what nobody reads."""
        ready = select.select([self._pipes["HEARD"]], [], [], 20)[0]
        return bool(ready) and os.read(self._pipes["HEARD"], 100) == b"said\n"

    def close(self) -> None:
        for pipe in self._pipes.values():
            os.close(pipe)


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    talk = Talk(tmp_path)
    for name, value in talk.environment.items():
        monkeypatch.setenv(name, value)
    yield talk
    talk.close()


@pytest.fixture
def own(
    make_program: MakeProgram, tmp_path: Path, talk: Talk
) -> Iterator[Callable[[str, float], Owner]]:
    owners = []

    def start(body: str, seconds: float = 60) -> Owner:
        owners.append(Owner(make_program(body), str(tmp_path / "terraform.tfstate"), seconds))
        owners[-1].hears("began")
        return owners[-1]

    yield start
    for owner in owners:
        for one in running_on(owner.state):
            one.send(signal.SIGKILL)
        owner.kill()


def all_gone(pids: list[psutil.Process]) -> bool:
    return psutil.wait_procs(pids, timeout=20)[1] == []


def processes(state: str) -> list[psutil.Process]:
    found = [psutil.Process(one.pid) for one in running_on(state)]
    assert found
    return found


def test_an_orphan_is_told_once_and_finishes(own: Callable[..., Owner], talk: Talk) -> None:
    owner = own(STUBBORN)
    started = processes(owner.state)
    owner.kill()
    assert talk.program_has_heard()
    talk.let_go()
    assert all_gone(started)
    assert talk.notes.read_text() == "SIGINT\nended\n"


def test_nor_a_second_time_after_a_stop(own: Callable[..., Owner], talk: Talk) -> None:
    """As when a CI service first cancels, then kills. The end by force shows when to count."""
    owner = own(STUBBORN, 0.5)
    started = processes(owner.state)
    owner.process.send_signal(signal.SIGINT)
    assert talk.program_has_heard()
    owner.kill()
    assert all_gone(started)
    assert talk.notes.read_text() == "SIGINT\n"


def test_one_that_does_not_end_is_killed_with_all_that_it_started(
    own: Callable[..., Owner],
) -> None:
    owner = own(f"(trap '' INT; read -r word < \"$PIPE\") &\n{DEAF}", 0.2)
    started = processes(owner.state)
    assert len(started) == 3
    owner.kill()
    assert all_gone(started)


def test_the_kernel_tells_it_where_the_supervisor_is_killed_too(
    own: Callable[..., Owner], talk: Talk
) -> None:
    owner = own(STUBBORN)
    started = processes(owner.state)
    supervisor = owner.supervisor
    owner.process.send_signal(signal.SIGSTOP)  # it would end the rest of the group at once
    os.kill(supervisor, signal.SIGKILL)
    assert talk.program_has_heard()
    owner.kill()
    talk.let_go()
    assert all_gone(started)
    assert talk.notes.read_text() == "SIGINT\nended\n"


def test_whoever_comes_next_waits_for_it(own: Callable[..., Owner], talk: Talk) -> None:
    owner, events, waits = own(STUBBORN), list[Event](), []
    started = processes(owner.state)
    owner.kill()

    def wait(seconds: float) -> None:
        if not waits:
            assert any(one.is_running() for one in started)
            assert talk.program_has_heard()
            talk.let_go()
        waits.append(seconds)
        threading.Event().wait(0.01)

    wait_until_gone(owner.state, wait=wait, emit=events.append)
    assert running_on(owner.state) == ()
    assert talk.notes.read_text() == "SIGINT\nended\n"
    (notice,) = events
    assert isinstance(notice, Notice) and str(started[0].pid) in notice.text
    wait_until_gone(f"{owner.state}.other", wait=wait, emit=events.append)
    assert len(events) == 1


def test_a_deaf_one_is_ended(own: Callable[..., Owner]) -> None:
    """Its supervisor is gone as well, so nobody else does."""
    owner = own(DEAF)
    started = processes(owner.state)
    supervisor = owner.supervisor
    owner.process.send_signal(signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    owner.kill()
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        assert sum(waits) <= orphans._PATIENCE + 2 * orphans._GRACE
        if sum(waits) > orphans._PATIENCE + orphans._GRACE:
            threading.Event().wait(0.05)  # SIGKILL takes a moment

    wait_until_gone(owner.state, wait=wait, emit=lambda event: None)
    assert all_gone(started)
    assert sum(waits) > orphans._PATIENCE


def test_the_wait_can_be_given_up(own: Callable[..., Owner], talk: Talk) -> None:
    owner, interrupt = own(DEAF), Interrupt()
    owner.kill()
    interrupt.request()
    with pytest.raises(InterruptedRunError):
        wait_until_gone(owner.state, wait=interrupt.wait, emit=lambda event: None)
    assert running_on(owner.state)


def test_a_live_runs_terraform_is_left_alone(own: Callable[..., Owner], talk: Talk) -> None:
    owner = own(STUBBORN)
    with pytest.raises(LockHeldError) as caught:
        wait_until_gone(owner.state, wait=pytest.fail, emit=lambda event: None)
    assert caught.value.exit_code == 4
    assert owner.process.poll() is None and not talk.notes.exists()


def test_the_real_terraform_saves_its_state(
    make_workspace: MakeWorkspace, make_pipe: Callable[[str], Path], tmp_path: Path
) -> None:
    """An apply whose second resource is being made."""
    began, go_on = make_pipe("began"), make_pipe("go on")
    workspace = make_workspace(FIXTURES / "slow")
    variables = {"began": str(began), "go_on": str(go_on)}
    digest = workspace.plan(variables).digest
    state = workspace.storage.place("local")
    child = os.fork()
    if child == 0:
        try:
            workspace.apply(digest)
        finally:
            os._exit(1)
    began.read_text()
    started = processes(state)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_until_gone(state, wait=lambda seconds: threading.Event().wait(0.01), emit=lambda e: None)
    assert all_gone(started)
    identity = workspace.state()
    assert identity is not None and identity.resources >= 1
    left = {change.address for change in _plan_of(workspace, variables)}
    assert "terraform_data.first" not in left and "terraform_data.last" in left


def _plan_of(workspace: Workspace, variables: dict[str, str]) -> Iterator[object]:
    """A new one; a lock that was left would refuse it."""
    yield from workspace.plan(variables).changes
