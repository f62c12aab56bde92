"""`python -m zenstrap.rehearsal`: what can't be rehearsed ends with zenstrap's own exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zenstrap.rehearsal import main


def test_without_the_extra_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "zenstrap_rehearsal.__main__", None)
    assert main(["--shell", "true"]) == 64
    assert "pip install -e '.[rehearse]'" in capsys.readouterr().err


def test_a_double_that_does_not_start_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zenstrap_rehearsal.storage.backend._binary", lambda: Path("/bin/false"))
    assert main(["--shell", "true"]) == 1
    assert "/bin/false" in capsys.readouterr().err


def test_a_command_runs_and_its_exit_code_is_kept() -> None:
    assert main(["--shell", "sh", "-c", "exit 7"]) == 7
