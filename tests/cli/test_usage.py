"""Command lines that can't be meant, told before anything is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Home
from zenstrap.cli import main
from zenstrap.paths import project_root


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("rollback", "--env", "local", "--to", "banana"), "--to"),
        (("rollback", "--env", "local", "--project", "recomendation"), "recommendation?"),
        (("rollback", "--env", "local", "--project", "No Name"), "--project"),
        (("up",), "dev, local, prod, staging"),
        (("status",), "dev, local, prod, staging"),
        (("destroy", "--env", "local"), "down --env local"),
        (("apply", "--env", "local"), "up --env local"),
        (("help",), "--help"),
        (("local",), "up --env local"),
        (("down", "--env", "dev", "--env=prod"), "'--env' is given 2 times"),
        (("--env", "dev", "--env", "prod"), "'--env' is given 2 times"),
        (("history", "--env", "dev", "--limit", "2", "--limit=3"), "2 times"),
    ],
    ids=" ".join,
)
def test_a_slip_is_told_at_once(
    home: Home, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert main(list(words)) == 64
    assert told in capsys.readouterr().err
    assert not home.zenml.exists() and not home.state.exists()


def test_without_its_packages_the_program_says_how_to_get_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(project_root() / "run.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1
    assert "pip install -e ." in done.stderr and "Traceback" not in done.stderr
