"""Standard output or error that is full, closed or left by its reader."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Home
from zenstrap.paths import project_root

CONFIG = "run.py config --env local"
NO_SUCH = "run.py plan --env locl"  # told without asking ZenML


def shell(line: str) -> tuple[int, str]:
    """Exit code of the program and what is shown; in a shell, which can close streams."""
    made = f"{{ {sys.executable} {line}; echo code $? >&3; }} 3>&1"
    ended = subprocess.run(
        ["bash", "-c", made], cwd=project_root(), capture_output=True, text=True, check=False
    )
    shown = ended.stdout + ended.stderr
    (code,) = [int(one.split()[1]) for one in shown.splitlines() if one.startswith("code ")]
    return code, shown


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        (f"{CONFIG} > /dev/full", 1, "No space left on device"),
        (f"{CONFIG} --json > /dev/full", 1, "No space left on device"),
        (f"{CONFIG} >&-", 1, "Bad file descriptor"),
        (f"{NO_SUCH} --json >&-", 64, "Bad file descriptor"),
        (f"{NO_SUCH} 2> /dev/full", 64, ""),
        (f"{NO_SUCH} 2>&-", 64, ""),
        ("run.py --help > /dev/full", 1, "No space left on device"),
    ],
)
def test_a_result_that_nobody_gets_is_a_failure(home: Home, line: str, code: int, why: str) -> None:
    ended, shown = shell(line)
    assert ended == code, shown
    assert "Traceback" not in shown and "Exception" not in shown
    assert why in shown


def test_a_reader_that_has_seen_enough_is_none(home: Home, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, *CONFIG.split()],
        cwd=project_root(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, "")
