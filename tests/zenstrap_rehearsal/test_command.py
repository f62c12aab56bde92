"""`python -m zenstrap_rehearsal --shell …`: signals are the command's to decide on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.terminal import terminal
from zenstrap_rehearsal.__main__ import main

POLITE = "trap 'echo heard; exit 42' INT TERM; echo READY; while read -r word; do :; done"


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_it_is_asked_once_and_its_exit_code_is_ours(how: str) -> None:
    command = [sys.executable, "-m", "zenstrap_rehearsal", "--shell", "bash", "-c", POLITE]
    with terminal(command) as person:
        person.wait_for("READY")
        if how == "Ctrl-C":
            person.type("\x03")
        else:
            os.kill(person.child, signal.SIGTERM)
        assert person.exit_code() == 42, person.seen
    assert person.seen.count("heard") == 1
    assert "Traceback" not in person.seen


def test_a_stop_that_comes_while_the_command_is_started_is_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(command: list[str], **how: Any) -> subprocess.Popen[Any]:
        process = start(command, **how)
        if command[0] == "sleep":
            os.kill(os.getpid(), signal.SIGTERM)
        return process

    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", stopped)
    assert main(["--shell", "sleep", "60"]) == 128 + signal.SIGTERM
