"""A signal in the middle of a run: exit code 130, the truth, and the next run goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.cli.registry_state import snapshot
from tests.cli.verbs import environment_of
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from tests.terminal import terminal
from zenstrap import stopping
from zenstrap.cli import lifecycle
from zenstrap.cli.app import app
from zenstrap.events import Event, RegistrationWritten, RunStarted, StepFinished, StepStarted
from zenstrap.paths import project_root

if TYPE_CHECKING:
    from zenml.client import Client

Moment = Callable[[Event], bool]

BEFORE_ANYTHING: dict[str, Moment] = {
    "while it connects": lambda event: event == StepStarted("connect"),
    "before the first step": lambda event: isinstance(event, RunStarted),
    "between two steps": lambda event: _is(event, StepFinished, "load_config"),
    "in a step": lambda event: _is(event, StepStarted, "plan"),
}
IN_THE_MIDDLE: dict[str, Moment] = {
    "while Terraform applies": lambda event: _is(event, StepStarted, "provision"),
    "in a row of writes": lambda event: isinstance(event, RegistrationWritten),
    "between two steps, later": lambda event: _is(event, StepFinished, "register_stacks"),
    "in the smoke test": lambda event: _is(event, StepStarted, "smoke_test"),
    "before the promotion": lambda event: _is(event, StepStarted, "promote"),
}


def _is(event: Event, kind: type[StepStarted] | type[StepFinished], step: str) -> bool:
    return isinstance(event, kind) and event.step == step


class Presser:
    """Sends this process a signal at a moment of a run, and waits until it was heard."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._moment: Moment | None = None
        self._number = signal.SIGINT
        tee = lifecycle.tee
        monkeypatch.setattr(lifecycle, "tee", lambda *sinks: tee(*sinks, self._watch))

    def at(self, moment: Moment | None, number: signal.Signals = signal.SIGINT) -> None:
        self._moment, self._number = moment, number

    def _watch(self, event: Event) -> None:
        if self._moment is not None and self._moment(event):
            self._moment = None
            os.kill(os.getpid(), self._number)
            with pytest.raises(Exception, match="interrupted"):
                stopping.current().interrupt.wait(60)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Presser:
    return Presser(monkeypatch)


def test_before_anything_was_changed(
    home: Home, run: CommandLine, client: Client, press: Presser
) -> None:
    home.edit("environments/local.yaml", only_base)
    for name, moment in BEFORE_ANYTHING.items():
        press.at(moment, signal.SIGTERM)
        ended = run("up", "--env", "local", "--json")
        assert ended.code == 130, (name, ended.err)
        failure = ended.json["failure"]
        assert (failure["type"], failure["interrupted"]) == ("InterruptedRunError", True), name
        assert failure["now"] == ["nothing was changed"], name
        assert failure["go_on"].endswith("run.py up --env local"), name
        assert "bug" not in ended.out and "is up" not in ended.json["headline"]
    assert not home.artifacts.exists()
    assert not list((home.state / "leases").glob("*.json"))
    assert not list((home.state / "environments").rglob("runs"))
    assert {run.status.value for run in client.list_pipeline_runs().items} == {"failed"}


@pytest.mark.slow
def test_one_cut_after_the_other_and_it_converges(
    home: Home, run: CommandLine, press: Presser
) -> None:
    home.edit("environments/local.yaml", only_base)
    for name, moment in IN_THE_MIDDLE.items():
        press.at(moment)
        ended = run("up", "--env", "local", "--events")
        assert ended.code == 130, (name, ended.err)
        last = json.loads(ended.out.splitlines()[-1])
        failure = last["result"]["failure"]
        assert (last["event"], last["result"]["exit_code"]) == ("result", 130)
        assert failure["type"] == "InterruptedRunError", name
        assert failure["now"] and failure["now"] != ["nothing was changed"], name
        assert "zenml-local" not in snapshot()["stacks"], name
        assert not list((home.state / "leases").glob("*.json")), name
    press.at(None)
    assert run("up", "--env", "local").code == 0
    assert run("plan", "--env", "local").code == 0
    for verb in ("plan", "rollback", "down"):
        press.at(lambda event: _is(event, StepFinished, "load_config"))
        yes = ("--yes",) if verb == "down" else ()
        ended = run(verb, "--env", "local", *yes, "--json")
        assert ended.code == 130, (verb, ended.err)
    press.at(None)
    assert run("down", "--env", "local", "--yes").code == 0


def test_at_the_very_end_it_has_been_done(home: Home, run: CommandLine, press: Presser) -> None:
    press.at(lambda event: _is(event, StepFinished, "plan"))
    home.edit("environments/local.yaml", only_base)
    ended = run("plan", "--env", "local", "--json")
    assert ended.code == 2
    assert ended.json["failure"] is None


DRIVER = """
import os, sys, threading
from zenstrap.cli import zenml_client
from zenstrap.config import loading

def waiting(*arguments, **options):
    os.write(2, b"WAITING")
    threading.Event().wait()

loading.load = zenml_client.zenml_client = waiting
sys.argv[0] = "run.py"
runpy = __import__("runpy")
runpy.run_path("run.py", run_name="__main__")
"""


def waiting(*words: str) -> list[str]:
    """A real process that never gets further than to its configuration."""
    return [sys.executable, "-c", DRIVER, *words]


@pytest.mark.parametrize("command", sorted(app.commands))
def test_one_ends_every_command_that_has_nothing_to_finish(command: str, home: Home) -> None:
    process = subprocess.Popen(
        waiting(command, *environment_of(command), "--json"),
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None and process.stderr.read(7) == b"WAITING"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    told = json.loads(out)
    assert (told["type"], told["exit_code"]) == ("InterruptedRunError", 130)
    assert err == b""


OUTSIDE = """
import os, signal, sys, threading
sys.argv = ["run.py", "config", "--env", "local", "--json"]
import zenstrap.cli
from zenstrap import signals

def main(arguments):
    if {before}:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(60)
    return 5

zenstrap.cli.main = main
from zenstrap.__main__ import run
code = run()
os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait(60)
"""


@pytest.mark.parametrize(("before", "code"), [(True, 130), (False, 5)])
def test_before_it_listens_and_after_it_there_is_an_exit_code_too(before: bool, code: int) -> None:
    """Never that of a process that a signal killed."""
    ended = subprocess.run(
        [sys.executable, "-c", OUTSIDE.format(before=before)], cwd=project_root(), check=False
    )
    assert ended.returncode == code


def test_a_closed_terminal_is_such_a_wish(home: Home) -> None:
    with terminal(waiting("status", "--env", "local")) as person:
        person.wait_for("WAITING")
        person.hang_up()
        assert person.exit_code() == 130


@pytest.mark.slow
def test_a_second_one_ends_a_run_wherever_it_is(home: Home, run: CommandLine) -> None:
    """No plan file is left, the result is told, and the next run takes over."""
    home.edit("environments/local.yaml", only_base)
    driver = """
import os, sys, threading
from zenstrap import paths
from zenstrap.cli import lifecycle, main
from zenstrap.events import StepFinished

def watch(event):
    if isinstance(event, StepFinished) and event.step == "plan":
        assert list(paths.environment_folder("local").rglob("runs/*/*"))
        os.write(2, b"WAITING\\n")
        threading.Event().wait()

tee = lifecycle.tee
lifecycle.tee = lambda *sinks: tee(*sinks, watch)
sys.exit(main(sys.argv[1:]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", driver, "up", "--env", "local", "--events"],
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stderr.readline() == "WAITING\n"
    process.send_signal(signal.SIGINT)
    for line in process.stdout:
        if "Once more" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["result"]["exit_code"]) == ("result", 130)
    assert last["result"]["failure"]["now"] == ["nothing was changed"]
    assert not list((home.state / "environments").rglob("runs"))
    assert run("up", "--env", "local").code == 0
