"""`unlock`: frees what is dead, whatever is left of it, and nothing that is alive."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.command_line import Ended
from tests.conftest import Home
from zenstrap import paths
from zenstrap.cli import main, unlock
from zenstrap.interrupt import Interrupt
from zenstrap.lease import TTL_SECONDS, WATCH_SECONDS, FileLeaseStore, Lease, this_process

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


FAR = replace(this_process(), host="far", machine="far")


@pytest.mark.parametrize("hours", [-10, 24 * 365])
def test_a_lease_of_another_machine_goes_if_nobody_renews_it(
    leases: FileLeaseStore, run: Call, waits: list[float], hours: int
) -> None:
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    Lease.acquire(leases, "local", "up", heartbeat=None, me=FAR, clock=lambda: theirs)
    assert run("--yes").code == 0
    assert sum(waits) == (TTL_SECONDS if hours > 0 else WATCH_SECONDS)
    assert leases.read("local") is None


@pytest.mark.parametrize("hours", [-10, 24 * 365])
def test_a_lease_that_another_machine_renews_stays(
    leases: FileLeaseStore, run: Call, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    theirs = datetime.now(UTC) + timedelta(hours=hours)
    lease = Lease.acquire(leases, "local", "up", heartbeat=None, me=FAR, clock=lambda: theirs)
    monkeypatch.setattr(Interrupt, "wait", lambda interrupt, seconds: lease.renew())
    assert run("--yes").code == 4
    lease.check()


def test_what_was_taken_while_a_person_was_asked_stays(
    leases: FileLeaseStore, run: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = paths.leases_folder() / LEASE
    file.parent.mkdir(parents=True)
    file.write_bytes(b"{")
    colleagues: list[Lease] = []

    def answer(question: str) -> str:
        file.unlink()
        colleagues.append(Lease.acquire(leases, "local", "up", heartbeat=None))
        return "local"

    monkeypatch.setattr(unlock, "can_ask", lambda: True)
    monkeypatch.setattr(unlock, "ask", answer)
    assert run().code == 4
    colleagues[0].check()
    colleagues[0].release()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"generation": 1, "lease": {}}'])
def test_a_damaged_lease_can_be_freed(leases: FileLeaseStore, run: Call, content: bytes) -> None:
    with Lease.acquire(leases, "local", "up", heartbeat=None):
        pass
    (paths.leases_folder() / LEASE).write_bytes(content)
    assert run("--yes").code == 0
    with Lease.acquire(leases, "local", "up", heartbeat=None) as lease:
        lease.check()
