"""Everything is there between start and end, and nothing afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.zenstrap_rehearsal.conftest import PROJECT, Rest
from tests.zenstrap_rehearsal.held import held_in_an_apply
from zenstrap.paths import project_root
from zenstrap_rehearsal import Rehearsal


def listens(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as one:
        return one.connect_ex((address.hostname, address.port)) == 0


def test_nothing_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = set(threading.enumerate())
    with Rehearsal(tmp_path / "r", project_id=PROJECT) as rehearsal:
        urls = [rehearsal.url, rehearsal.storage.url]
        child = rehearsal.storage.child
        configuration = Path(rehearsal.environment()["TF_CLI_CONFIG_FILE"])
        assert all(map(listens, urls)) and configuration.exists()
    assert not any(map(listens, urls))
    assert not configuration.parent.exists()
    assert set(threading.enumerate()) <= before  # one of another test may have ended meanwhile
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert list(tmp_path.iterdir()) == [tmp_path / "r"]


def test_it_ends_also_while_terraform_still_talks_to_it(tmp_path: Path) -> None:
    """A fault that waits holds Terraform in an apply; the end of the rehearsal ends it."""
    inside, go = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        inside.set()
        go.wait(20)

    with Rehearsal(tmp_path / "r", project_id=PROJECT, sleep=wait) as rehearsal:
        process = held_in_an_apply(tmp_path, rehearsal)
        assert inside.wait(20)
    # The call still waits, but nobody does for it.
    assert process.wait(20) == 1
    go.set()


def test_a_launcher_goes_with_its_terraform(tmp_path: Path) -> None:
    """Killed, Terraform tells nobody; the rehearsal goes on."""
    inside, go = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        inside.set()
        go.wait(20)

    with Rehearsal(tmp_path / "r", project_id=PROJECT, sleep=wait) as rehearsal:
        process = held_in_an_apply(tmp_path, rehearsal)
        assert inside.wait(20)
        launchers = psutil.Process(process.pid).children()
        assert launchers
        process.kill()
        process.wait()
        assert psutil.wait_procs(launchers, timeout=20)[1] == []
        go.set()


def test_a_killed_rehearsal_leaves_no_process(tmp_path: Path) -> None:
    """Its storage server and launchers go with it."""
    script = (
        "import sys, time; from pathlib import Path; from zenstrap_rehearsal import Rehearsal\n"
        "from tests.zenstrap_rehearsal.held import held_in_an_apply\n"
        "def wait(seconds): print('inside', flush=True); time.sleep(60)\n"
        "folder = Path(sys.argv[1])\n"
        f"with Rehearsal(folder / 'r', project_id={PROJECT!r}, sleep=wait) as rehearsal:\n"
        "    held_in_an_apply(folder, rehearsal).wait()\n"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(project_root()), "TMPDIR": str(tmp_path)},
    )
    assert victim.stdout is not None and victim.stdout.readline() == b"inside\n"
    started = psutil.Process(victim.pid).children(recursive=True)
    names = " ".join(" ".join(one.cmdline()) for one in started)
    assert "fake-gcs-server" in names and "terraform-provider-google" in names
    victim.kill()
    victim.wait()
    assert psutil.wait_procs(started, timeout=20)[1] == []


def test_two_live_side_by_side(tmp_path: Path) -> None:
    with (
        Rehearsal(tmp_path / "a", project_id="acme-one") as one,
        Rehearsal(tmp_path / "b", project_id="acme-two") as two,
    ):
        assert Rest(one).call("GET", "/cloudresourcemanager/v1/projects/acme-one")[0] == 200
        assert Rest(two).call("GET", "/cloudresourcemanager/v1/projects/acme-one")[0] == 403


def test_several_projects_in_one(tmp_path: Path) -> None:
    with Rehearsal(tmp_path, project_ids=["acme-one", "acme-two"]) as rehearsal:
        for project in rehearsal.project_ids:
            Rest(rehearsal).ok("GET", f"/cloudresourcemanager/v1/projects/{project}")


def test_a_command_runs_in_it_and_its_exit_code_is_kept() -> None:
    script = "echo $TF_CLI_CONFIG_FILE $GOOGLE_CLOUD_PROJECT; test -e $TF_CLI_CONFIG_FILE; exit 7"
    command = [sys.executable, "-m", "zenstrap_rehearsal", "--project", "acme-one", "--shell"]
    done = subprocess.run([*command, "sh", "-c", script], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    configuration, project = done.stdout.split()
    assert project == "acme-one"
    assert not Path(configuration).exists()
