"""`python -m zenstrap.rehearsal --shell …`: signals are the command's to decide on."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.terminal import terminal

POLITE = "trap 'echo heard; exit 42' INT TERM; echo READY; while :; do read -r word; done"


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_it_is_asked_once_and_its_exit_code_is_ours(how: str) -> None:
    command = [sys.executable, "-m", "zenstrap.rehearsal", "--shell", "bash", "-c", POLITE]
    with terminal(command) as person:
        person.wait_for("READY")
        if how == "Ctrl-C":
            person.type("\x03")
        else:
            os.kill(person.child, signal.SIGTERM)
        assert person.exit_code() == 42, person.seen
    assert person.seen.count("heard") == 1
    assert "Traceback" not in person.seen
