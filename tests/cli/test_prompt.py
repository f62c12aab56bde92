"""Questions at a real terminal: type-ahead is no consent, and Ctrl-C leaves at once."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from tests.conftest import Home
from tests.environments import only_base
from tests.terminal import terminal
from zenstrap import paths
from zenstrap.lease import FileLeaseStore, Lease, this_process

RUN = [sys.executable, str(paths.project_root() / "run.py")]

ASKING = """
import os, signal, sys
from zenstrap.cli.prompt import ask
from zenstrap.config import load_environment
from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt
from zenstrap.platforms import platform_of
from zenstrap.running import Audience, Run
from zenstrap.signals import heard
platform = platform_of(load_environment("local"))
interrupt = Interrupt()
audience = Audience(emit=print, ask=lambda text: ask(text, interrupt))
run = Run(platform, "up", audience=audience, interrupt=interrupt)
with heard(interrupt.request):
    print("WORKING", flush=True)
    os.read({gate}, 1)
    try:
        answer = run.question("Go ahead? ")
    except InterruptedRunError:
        sys.exit(130)
    print("ANSWER", ascii(answer))
"""


@pytest.mark.parametrize("ahead", ["y\n", "y", "n\ny\n", "y\ny\ny"])
def test_what_was_typed_before_the_question_is_no_answer(ahead: str) -> None:
    gate, release = os.pipe()
    os.set_inheritable(gate, True)
    with terminal([sys.executable, "-c", ASKING.format(gate=gate)]) as person:
        person.wait_for("WORKING")
        person.type(ahead)
        person.wait_for(ahead.replace("\n", "\r\n"))  # the echo: it lies in the terminal's queue
        os.write(release, b".")
        person.wait_for("Go ahead? ")
        person.type("no\n")
        assert person.exit_code() == 0
    os.close(gate)
    os.close(release)
    assert "ANSWER 'no\\n'" in person.seen.replace("\r", "")


@pytest.mark.parametrize("keys", ["\x03", "ye\x03"])
def test_ctrl_c_leaves_the_question_at_once(keys: str) -> None:
    """The first one: while a question waits, nothing is in progress that has to finish."""
    gate, release = os.pipe()
    os.set_inheritable(gate, True)
    os.write(release, b".")
    with terminal([sys.executable, "-c", ASKING.format(gate=gate)]) as person:
        person.wait_for("Go ahead? ")
        person.type(keys)
        assert person.exit_code() == 130
    os.close(gate)
    os.close(release)
    assert "ANSWER" not in person.seen and "Notice" not in person.seen


def test_unlock_takes_no_consent_from_before_its_question(home: Home) -> None:
    leases = FileLeaseStore(paths.leases_folder())
    with terminal([sys.executable, "-c", ""]) as ended:
        assert ended.exit_code() == 0
    from dataclasses import replace

    dead = replace(this_process(), pid=ended.child, started="1")
    lease = Lease.acquire(leases, "local", "up", heartbeat=None, me=dead)
    for keys, code in (("\n", 5), ("\x03", 130), ("\x04", 5)):
        with terminal([*RUN, "unlock", "--env", "local"]) as person:
            person.type("local\n")
            person.wait_for("local\r\n")
            person.wait_for("to go ahead: ")
            person.type(keys)
            assert person.exit_code() == code, person.seen
        assert leases.read("local") is not None
    with terminal([*RUN, "unlock", "--env", "local"]) as person:
        person.wait_for("to go ahead: ")
        person.type("local\n")
        assert person.exit_code() == 0, person.seen
    assert leases.read("local") is None
    lease.release()


def test_the_gate(home: Home) -> None:
    """The whole way: an early yes approves nothing, and Ctrl-C at the question ends with 130."""

    def asking(config: dict[str, Any]) -> None:
        only_base(config)
        config["protection"]["approval"] = "terminal"

    home.edit("environments/local.yaml", asking)
    with terminal([*RUN, "up", "--env", "local"]) as person:
        person.type("y\n")
        person.wait_for("Go ahead? [y/N] ")
        person.type("\x03")
        assert person.exit_code() == 130, person.seen
    assert "finishing the operation" not in person.seen
    assert not home.artifacts.exists()
    assert not list((home.state / "leases").glob("*.json"))
