from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from zenstrap.events import Event
from zenstrap.paths import modules_folder
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace

FIXTURES = Path(__file__).parent / "fixtures"
LOCAL_ROOT = modules_folder() / "environments" / "local"

MakeWorkspace = Callable[..., Workspace]
MakeProgram = Callable[..., Path]


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def make_workspace(
    tmp_path: Path, terraform: TerraformBinary, events: list[Event]
) -> MakeWorkspace:
    """Builds a prepared workspace whose every file is below tmp_path."""

    def make(root: Path = LOCAL_ROOT, environment: str = "local", **changes: Any) -> Workspace:
        home = tmp_path / "home" / "environments" / environment
        arguments: dict[str, Any] = {
            "root": root,
            "environment": environment,
            "data_folder": home / "terraform",
            "storage": LocalState(home / "state"),
            "binary": terraform,
            "run_folder": home / "runs" / "1",
            "emit": events.append,
        }
        workspace = Workspace(**{**arguments, **changes})
        workspace.prepare()
        return workspace

    return make


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    """Writes a shell script that stands in for Terraform."""

    def make(body: str, name: str = "terraform-double") -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o700)
        return program

    return make


@pytest.fixture
def make_pipe(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        pipe = tmp_path / name
        os.mkfifo(pipe)
        return pipe

    return make


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def has_ended(pid: int) -> bool:
    """Whether a process that was killed is gone, or a zombie; the kernel may take a moment."""
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False
