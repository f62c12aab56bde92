"""A ZenML server that is away, busy, slow or broken: a bounded wait, then our error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.e2e.servers import free_port
from zenstrap import stopping, zenml_server
from zenstrap.errors import InterruptedRunError, OutOfReachError
from zenstrap.interrupt import Interrupt
from zenstrap.zenml_server import PatientAdapter, be_patient_with_the_server


class Clock:
    """Time goes on by what is waited for, and by a second for every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Server:
    """Answers with one code after the other, the last one for ever; None hangs up."""

    def __init__(self, *codes: int | None, retry_after: str = "") -> None:
        self.codes = list(codes)
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                outer.asked.append(f"{self.command} {self.path}")
                code = outer.codes[0] if len(outer.codes) == 1 else outer.codes.pop(0)
                if code is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(code)
                if retry_after:
                    self.send_header("Retry-After", retry_after)
                self.end_headers()
                self.wfile.write(b"because of it")

            do_GET = do_POST = _answer

            def log_message(self, *text: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def clock(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(zenml_server.time, "monotonic", clock)
    real = Interrupt.wait

    def wait(interrupt: Interrupt, seconds: float) -> None:
        real(interrupt, seconds)
        clock.now += seconds

    monkeypatch.setattr(Interrupt, "wait", wait)
    return clock


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", PatientAdapter(max_retries=object()))
        yield session


@pytest.mark.parametrize("code", [429, 502, 503, 504, None])
def test_what_is_away_for_a_moment_is_asked_again(
    session: requests.Session, clock: Clock, code: int | None, waits: list[float]
) -> None:
    with Server(code, code, 200) as server:
        assert session.post(f"{server.url}/stacks").status_code == 200
    assert server.asked == ["POST /stacks"] * 3
    assert len(waits) == 2


@pytest.mark.parametrize("code", [429, 503, None])
def test_what_stays_away_is_given_up_in_time_and_then_at_once(
    session: requests.Session, clock: Clock, code: int | None, waits: list[float]
) -> None:
    with Server(code) as server:
        with pytest.raises(OutOfReachError) as raised:
            session.get(f"{server.url}/stacks?name=x")
        assert sum(waits) <= zenml_server.PATIENCE_SECONDS
        asked = len(server.asked)
        assert asked > 3
        assert raised.value.where == server.url
        assert (raised.value.why or "").startswith("GET /stacks: ")
        with pytest.raises(OutOfReachError):
            session.get(f"{server.url}/runs")
        assert len(server.asked) == asked + 1, "the ends of step and run wait no more"
        server.codes = [200]
        assert session.get(f"{server.url}/runs").status_code == 200
        server.codes = [503, 200]
        assert session.get(f"{server.url}/runs").status_code == 200, "as patient as before"


def test_nobody_there(session: requests.Session, clock: Clock) -> None:
    with pytest.raises(OutOfReachError) as raised:
        session.get(f"http://127.0.0.1:{free_port()}/stacks")
    assert "Connection refused" in (raised.value.why or "")


def test_a_server_is_given_the_time_that_it_asks_for(
    session: requests.Session, clock: Clock, waits: list[float]
) -> None:
    with Server(429, 200, retry_after="7") as server:
        session.get(server.url)
    assert waits == [7.0]


def test_a_broken_one_is_not_asked_again(session: requests.Session, clock: Clock) -> None:
    with Server(500) as server, pytest.raises(OutOfReachError) as raised:
        session.post(f"{server.url}/stacks")
    assert len(server.asked) == 1
    assert "HTTP 500" in (raised.value.why or "") and "because of it" in (raised.value.why or "")


def test_what_is_refused_is_zenmls_to_read(session: requests.Session, clock: Clock) -> None:
    with Server(404) as server:
        assert session.get(server.url).status_code == 404


def test_a_stop_ends_the_wait(session: requests.Session) -> None:
    with Server(503) as server, stopping.listening() as stop:
        stop.interrupt.request()
        with pytest.raises(InterruptedRunError):
            session.get(server.url)


def test_zenmls_own_client_calls_like_this() -> None:
    from zenml.zen_stores.rest_zen_store import RestZenStore

    be_patient_with_the_server()
    store = RestZenStore.model_construct(config=_Config())
    store._session_lock = threading.RLock()
    store._session = None
    session = store.session
    assert {type(one) for one in session.adapters.values()} == {PatientAdapter}


def test_a_login_is_as_patient(clock: Clock) -> None:
    from zenml.zen_stores import rest_zen_store

    be_patient_with_the_server()
    be_patient_with_the_server()
    with Server(429, 200) as server:
        url = f"{server.url}/api/v1/login"
        assert rest_zen_store.requests.post(url, data={}).status_code == 200  # type: ignore[attr-defined]
    assert len(server.asked) == 2


class _Config:
    verify_ssl = True
    connection_pool_size = 1
