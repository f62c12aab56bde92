"""`unlock`: frees what is dead, whatever is left of it, and nothing that is alive."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.command_line import Ended
from tests.conftest import Home
from zenstrap import paths
from zenstrap.cli import main
from zenstrap.lease import FileLeaseStore, Lease, this_process

LEASE = "local.json"
Call = Callable[..., Ended]


@pytest.fixture
def leases(home: Home) -> FileLeaseStore:
    return FileLeaseStore(paths.leases_folder())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*words: str) -> Ended:
        code = main(["unlock", "--env", "local", *words])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture
def dead(leases: FileLeaseStore) -> Iterator[None]:
    """A lease whose owner has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    me = replace(this_process(), pid=child.pid, started="1")
    lease = Lease.acquire(leases, "local", "up", heartbeat=None, me=me)
    yield
    lease.release()


def test_nothing_to_free(home: Home, run: Call) -> None:
    ended = run()
    assert ended.code == 0 and "not locked" in ended.out


def test_a_live_holder_keeps_it(leases: FileLeaseStore, run: Call) -> None:
    with Lease.acquire(leases, "local", "up", heartbeat=None) as lease:
        assert run("--yes").code == 4
        lease.check()


def test_a_dead_holders_goes_with_consent_alone(
    leases: FileLeaseStore, dead: None, run: Call
) -> None:
    assert run().code == 5
    assert leases.read("local") is not None
    ended = run("--yes", "--json")
    assert ended.code == 0
    assert len(ended.json["freed"]) == 1
    assert leases.read("local") is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"generation": 1, "lease": {}}'])
def test_a_damaged_lease_can_be_freed(leases: FileLeaseStore, run: Call, content: bytes) -> None:
    with Lease.acquire(leases, "local", "up", heartbeat=None):
        pass
    (paths.leases_folder() / LEASE).write_bytes(content)
    assert run("--yes").code == 0
    with Lease.acquire(leases, "local", "up", heartbeat=None) as lease:
        lease.check()
