"""Leases as files: real processes, real files."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zenstrap.errors import DamagedLeaseError, LockHeldError, UsageError, ZenstrapError
from zenstrap.lease import FileLeaseStore, Lease, LeaseRecord, is_running, this_process

HOLDING = Path(__file__).with_name("holding.py")


class Child:
    """A process that waits for ``go`` and then tries to take the lease on dev."""

    def __init__(self, folder: Path) -> None:
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            [sys.executable, str(HOLDING), str(folder), "dev"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(root)},
        )
        assert self.line() == "ready"

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def finish(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "leases"


@pytest.fixture
def store(folder: Path) -> FileLeaseStore:
    return FileLeaseStore(folder)


@pytest.fixture
def child(folder: Path) -> Iterator[Child]:
    child = Child(folder)
    yield child
    child.finish()


def take(store: FileLeaseStore, environment: str = "dev") -> Lease:
    return Lease.acquire(store, environment, "up", heartbeat=None)


def test_of_several_processes_at_once_one_gets_it(folder: Path) -> None:
    children = [Child(folder) for _ in range(4)]
    try:
        for child in children:
            child.go()
        assert sorted(child.line() for child in children) == ["lost", "lost", "lost", "won"]
    finally:
        for child in children:
            child.finish()


def test_a_live_process_keeps_its_lease_and_a_killed_one_loses_it(
    store: FileLeaseStore, child: Child
) -> None:
    child.go()
    assert child.line() == "won"
    with pytest.raises(LockHeldError, match=f"pid {child.process.pid}"):
        take(store)
    child.process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)  # ended, not yet collected
    with take(store) as lease:
        assert lease.took_over and lease.took_over.process.pid == child.process.pid
        lease.check()


def test_a_reused_process_id_is_not_taken_for_the_owner(
    store: FileLeaseStore, folder: Path
) -> None:
    """This very process's id is alive, but it started at another time than the owner did."""
    take(store)
    file = folder / "dev.json"
    content = json.loads(file.read_text())
    content["lease"]["process_started"] = "1"
    file.write_text(json.dumps(content))
    with take(store) as lease:
        assert lease.took_over


def test_a_process_of_another_boot_or_container_is_not_judged_by_its_id() -> None:
    me = this_process()
    assert is_running(me) is True
    elsewhere = type(me)(me.host, "another boot", me.pid, me.started)
    assert is_running(elsewhere) is None


def test_files_are_for_the_user_alone_and_nothing_else_is_left(
    store: FileLeaseStore, folder: Path
) -> None:
    with take(store):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        assert files == {"dev.json": 0o600, "dev.lock": 0o600}
    assert [file.name for file in folder.iterdir()] == ["dev.lock"]


def test_a_record_survives_the_way_to_disk_and_back(store: FileLeaseStore) -> None:
    with take(store) as lease:
        found = store.read("dev")
        assert found and found[0] == lease.record
        assert LeaseRecord.from_json(lease.record.to_json()) == lease.record


def test_a_write_or_delete_for_an_old_generation_does_nothing(store: FileLeaseStore) -> None:
    lease = take(store)
    found = store.read("dev")
    assert found
    record, old = found
    new = store.write(record, old)
    assert new and new != old
    assert store.write(record, old) is None
    assert store.write(record, None) is None
    assert store.delete("dev", old) is False
    assert store.read("dev") == (record, new)
    assert store.delete("dev", new) is True
    assert store.delete("dev", None) is False
    assert store.write(record, new) is None
    assert store.write(record, None) not in (old, new), "a generation never comes again"
    lease.release()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"generation": 1}',
        b'{"generation": 1, "lease": {"schema": "zenstrap/lease/99"}}',
        b'{"generation": 1, "lease": {"schema": "zenstrap/lease/1", "pid": 7}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(
    store: FileLeaseStore, folder: Path, content: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / "dev.json").write_bytes(content)
    with pytest.raises(DamagedLeaseError) as caught:
        take(store)
    assert caught.value.where == str(folder / "dev.json")
    assert "run.py unlock --env dev" in str(caught.value)
    shown = caught.value.generation
    (folder / "dev.json").write_bytes(content + b"!")
    assert not store.delete("dev", shown), "that isn't what a person was shown"
    (folder / "dev.json").write_bytes(content)
    assert store.delete("dev", shown)
    take(store).release()


def test_what_is_no_file_is_a_damaged_lease_and_a_full_folder_stays(
    store: FileLeaseStore, folder: Path
) -> None:
    lease = folder / "dev.json"
    lease.mkdir(parents=True)
    (lease / "theirs").touch()
    for _ in range(2):
        with pytest.raises(DamagedLeaseError) as caught:
            take(store)
        with pytest.raises(ZenstrapError, match="Move that folder away"):
            store.delete("dev", caught.value.generation)
    (lease / "theirs").unlink()
    with pytest.raises(DamagedLeaseError) as caught:
        take(store)
    assert store.delete("dev", caught.value.generation)
    os.mkfifo(lease)
    with pytest.raises(DamagedLeaseError) as caught:
        take(store)
    assert store.delete("dev", caught.value.generation)
    take(store).release()


def test_a_lock_that_is_a_folder_is_named_by_whoever_looks(
    store: FileLeaseStore, folder: Path
) -> None:
    (folder / "dev.lock").mkdir(parents=True)
    for attempt in (lambda: store.read("dev"), lambda: take(store)):
        with pytest.raises(ZenstrapError) as refused:
            attempt()
        assert refused.value.where == str(folder / "dev.lock")


def test_a_lease_that_was_renamed_is_not_another_environments(
    store: FileLeaseStore, folder: Path
) -> None:
    lease = take(store)
    (folder / "dev.json").rename(folder / "prod.json")
    with pytest.raises(ZenstrapError, match="it is the lease on dev"):
        take(store, "prod")
    lease.release()


def test_a_folder_that_cannot_be_used_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FileLeaseStore(tmp_path / "file" / "leases")
    with pytest.raises(ZenstrapError) as caught:
        take(store)
    assert caught.value.where and caught.value.why and caught.value.fix
    assert "ZENSTRAP_HOME" in str(caught.value)


def test_a_full_disk_leaves_the_old_lease_as_it_was(
    store: FileLeaseStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with take(store) as lease:
        before = (folder / "dev.json").read_bytes()

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr("os.fsync", full)
            with pytest.raises(ZenstrapError, match="No space left on device"):
                store.write(lease.record, store.read("dev")[1])  # type: ignore[index]
        assert (folder / "dev.json").read_bytes() == before
        assert {file.name for file in folder.iterdir()} == {"dev.json", "dev.lock"}


@pytest.mark.parametrize("name", ["", "../dev", "a/b", ".hidden", "dev\n"])
def test_a_name_cannot_leave_the_folder(store: FileLeaseStore, name: str) -> None:
    with pytest.raises(UsageError):
        store.read(name)


def test_importing_the_lease_loads_nothing_heavy() -> None:
    heavy = "pydantic", "zenml", "rich", "psutil", "yaml"
    code = f"import sys, zenstrap.lease; print([m for m in {heavy} if m in sys.modules])"
    run = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    assert subprocess.run(run, cwd=root, capture_output=True, text=True).stdout.strip() == "[]"
