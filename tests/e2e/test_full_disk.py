"""The disk of the state fills up in mid-apply: nothing of what was made is lost."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import told
from tests.environments import only_base
from zenstrap import paths
from zenstrap.terraform.rescue import ERRORED, find_rescued, folders
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace

PAGE = 4096


@pytest.fixture
def small_disk(home: Home) -> Iterator[Path]:
    """A disk of its own for zenstrap's home, with room for an environment."""
    home.state.mkdir()
    size = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"]
    mounted = subprocess.run(["mount", *size, str(home.state)], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield home.state
    subprocess.run(["umount", "--lazy", str(home.state)], check=True)


def fill(disk: Path) -> None:
    """Leave room for Terraform's lock, and for nothing that is longer."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(PAGE))
    os.truncate(filler, filler.stat().st_size - PAGE)


@pytest.mark.slow
def test_the_next_run_goes_on_with_what_was_made(
    small_disk: Path,
    home: Home,
    run: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    home.edit("environments/local.yaml", only_base)
    artifacts = tmp_path / "artifacts"  # on another disk
    home.edit("environments/local.yaml", lambda c: c.update(local={"root": str(artifacts)}))
    apply = Workspace.apply

    def on_a_full_disk(workspace: Workspace, digest: str) -> object:
        fill(small_disk)
        return apply(workspace, digest)

    monkeypatch.setattr(Workspace, "apply", on_a_full_disk)
    stopped = run("up", "--env", "local", "--json")
    assert stopped.code == 7, stopped.err
    assert "full" in told(stopped) and "1 of 1 changes were made" in told(stopped)
    state = LocalState(paths.state_folder("local")).place("local")
    places = folders(paths.environment_folder("local"), state)
    (rescued,) = find_rescued(places)
    assert rescued.identity.resources == 1 and str(rescued.file) in told(stopped)
    assert not (paths.modules_folder() / "environments" / "local" / ERRORED).exists()
    again = run("plan", "--env", "local", "--json")  # still no room, or just enough for the state
    assert again.code == 1 and "full" in told(again), again.err
    in_place = LocalState(paths.state_folder("local")).read("local")
    assert (rescued.identity if find_rescued(places) else in_place) == rescued.identity

    monkeypatch.setattr(Workspace, "apply", apply)
    os.unlink(small_disk / "filler")
    went_on = run("up", "--env", "local", "--json")
    assert went_on.code == 0, went_on.err
    assert went_on.json["plan"]["infrastructure"]["changes"] == []
    assert find_rescued(places) == ()
    down = run("down", "--env", "local", "--yes")
    assert down.code == 0, down.err
    assert not (artifacts / "local").exists()
