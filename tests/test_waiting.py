"""What takes long is told; and whether anybody answers is found out quickly."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.e2e.servers import free_port
from zenstrap import reach, waiting
from zenstrap.reach import UnreachableError, knock
from zenstrap.waiting import told_by, waiting_for


def test_what_takes_long_is_told_once_with_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TELL_SECONDS", 0.0)
    told: list[str] = []
    heard = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        heard.set()

    with told_by(tell), waiting_for("somebody", 60):
        assert heard.wait(30)
    (text,) = told
    assert text.startswith("Waiting for somebody, until ")


def test_what_is_quick_is_not() -> None:
    told: list[str] = []
    with told_by(told.append):
        with waiting_for("somebody", 60):
            pass
        timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
        assert all(one.finished.is_set() for one in timers)
    assert told == []


@pytest.fixture
def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_closed_door(nobody: str) -> None:
    with pytest.raises(UnreachableError) as raised:
        knock(f"{nobody}/path")
    assert raised.value.place == f"{nobody}/path"
    assert raised.value.why == "Connection refused"


def test_a_dead_proxy_is_named_without_its_password(
    nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = nobody.removeprefix("http://")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pw-of-mine@{place}")
    with pytest.raises(UnreachableError) as raised:
        knock("https://storage.googleapis.com")
    assert place in raised.value.place and "pw-of-mine" not in str(raised.value)


def test_a_piece_of_a_password_is_not_quoted_for_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pw-of-mine/x@127.0.0.1:9")
    with pytest.raises(UnreachableError) as raised:
        knock("https://storage.googleapis.com")
    assert "pw-of" not in str(raised.value) and raised.value.__cause__ is None


def test_who_accepts_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "KNOCK_SECONDS", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting_there = socket.create_connection(full.getsockname())
        with waiting_there, pytest.raises(UnreachableError):
            for _ in range(10):  # until its queue is full
                knock(f"http://127.0.0.1:{full.getsockname()[1]}")


def test_who_answers_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        knock(f"http://127.0.0.1:{server.getsockname()[1]}")
