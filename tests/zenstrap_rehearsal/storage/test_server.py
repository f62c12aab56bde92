"""Starting, stopping, who is calling, and faults."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from tests.zenstrap_rehearsal.storage.conftest import ACCOUNTS
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.storage import StorageServer, backend

ALONE = """
import sys, time
from pathlib import Path
from zenstrap_rehearsal.storage import StorageServer
server = StorageServer(Path(sys.argv[1]), lambda token: None)
server.start()
print(server.child, flush=True)
sys.stdin.read()
"""


def gone(pid: int) -> bool:
    """Wait for a process that isn't ours to end; the kernel tells, so nothing is slept."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        import select

        return bool(select.select([descriptor], [], [], 5)[0])
    finally:
        os.close(descriptor)


def test_stopping_ends_child_port_and_open_connections(tmp_path: Path) -> None:
    server = StorageServer(tmp_path, ACCOUNTS.get)
    server.start()
    address = urlsplit(server.url).netloc
    child = server.child
    kept = http.client.HTTPConnection(address, timeout=5)
    kept.request("GET", "/storage/v1/b?project=p")
    assert kept.getresponse().read()
    server.stop()
    assert gone(child)
    assert kept.sock.recv(1) == b""
    host, port = address.split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_the_child_dies_with_a_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ALONE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.send_signal(signal.SIGKILL)
    assert gone(child)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with StorageServer(tmp_path, ACCOUNTS.get) as server:
        owner = Caller(server.url)
        owner.make_bucket()
        owner.write("a")
    with StorageServer(tmp_path, ACCOUNTS.get) as server:
        assert "items" not in Caller(server.url).call("GET", "/storage/v1/b", project="p").json
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_PACKAGE", "zenstrap_rehearsal")
    with pytest.raises(backend.BackendError):
        StorageServer(tmp_path, ACCOUNTS.get).start()


def test_a_program_that_ends_at_once_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "_binary", lambda: Path("/bin/false"))
    with pytest.raises(backend.BackendError):
        StorageServer(tmp_path, ACCOUNTS.get).start()


def test_unknown_tokens_are_refused_and_none_is_the_owner(server: StorageServer) -> None:
    Caller(server.url).make_bucket()
    path = "/storage/v1/b/acme"
    assert Caller(server.url).call("GET", path).status == 200
    refused = Caller(server.url, "expired").call("GET", path)
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (401, "authError")
    basic = Caller(server.url).call("GET", path, headers={"Authorization": "Basic eA=="})
    assert basic.status == 401


def test_what_it_does_not_know_is_said(owner: Caller) -> None:
    answer = owner.call("GET", "/storage/v1/b/acme/notificationConfigs")
    assert answer.status == 404
    assert "notificationConfigs" in answer.message


def test_a_fault_strikes_before_the_call(server: StorageServer, owner: Caller) -> None:
    owner.make_bucket()
    fault = server.faults.add(path="/upload/*", code=503, count=2)
    assert [owner.write("a").status for _ in range(3)] == [503, 503, 200]
    assert fault.hits == 2


def test_a_reply_that_is_lost_comes_after_the_write(server: StorageServer, owner: Caller) -> None:
    owner.make_bucket()
    server.faults.add(method="POST", path="/upload/*", after=True)
    with pytest.raises(http.client.RemoteDisconnected):
        owner.write("a", b"first")
    assert owner.read("a").content == b"first"
    server.faults.add(method="POST", path="/upload/*", code=500, after=True)
    assert owner.write("a", b"second").status == 500
    assert owner.read("a").content == b"second"


def test_a_slow_fault_passes_time_of_the_given_clock(tmp_path: Path) -> None:
    passed: list[float] = []
    with StorageServer(tmp_path, ACCOUNTS.get, faults=Faults(passed.append)) as server:
        server.faults.add(path="/storage/v1/b", method="GET", seconds=30)
        Caller(server.url).call("GET", "/storage/v1/b", project="p")
        Caller(server.url).call("GET", "/storage/v1/b", project="p")
    assert passed == [30]


def test_the_client_library_retries_what_it_may(
    server: StorageServer, owner: Caller, google: Callable[..., object]
) -> None:
    from google.api_core import retry as retries
    from google.cloud.storage import Client
    from google.cloud.storage.retry import DEFAULT_RETRY

    owner.make_bucket()
    fault = server.faults.add(path="/storage/v1/b/acme", method="GET", code=503, count=2)
    client = google()
    assert isinstance(client, Client)
    at_once: retries.Retry = DEFAULT_RETRY.with_delay(initial=0, maximum=0)
    assert client.get_bucket("acme", retry=at_once).name == "acme"
    assert fault.hits == 2
