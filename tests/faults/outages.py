"""ZenML on a real server behind a faulty proxy: it answers late, wrongly, or not at all."""

from __future__ import annotations

import json
import random
import re
import sqlite3
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.e2e.servers import zenml_server
from tests.faults.campaign import Result, repeat, require_as_undisturbed
from tests.faults.child import PATIENCE
from tests.faults.stages import Life
from tests.faults.world import LIMIT, World

STATUSES: Final = {"500": 500, "503": 503, "429": 429}
FAULTS: Final = (*STATUSES, "slow", "not asked", "not answered")
LENGTHS: Final = (1, 2, 1000)  # requests: one that passes, one that lasts, and away for good
_SLOW: Final = 1.0  # seconds
_PATIENCE: Final = 1.5  # seconds, instead of a minute
FAILED_ON_THE_WAY: Final = 7
# 1: before anything was changed, 3: not connected, 6: the smoke test failed
_CODES: Final = (0, 1, 3, 6, FAILED_ON_THE_WAY)
_IDS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
Call = tuple[str, str]  # method, and path without ids


@dataclass
class Fault:
    """What happens to which requests.

    Attributes:
        call: the first of them is this one,
        number: when it comes for the number-th time, from 0.
        length: how many in a row, whatever they are.
        hit: how many there were.
    """

    kind: str
    call: Call
    number: int
    length: int
    hit: int = 0
    _seen: int = 0

    def strikes(self, call: Call) -> bool:
        if not self.hit:
            if call != self.call:
                return False
            self._seen += 1
            if self._seen <= self.number:
                return False
        if self.hit >= self.length:
            return False
        self.hit += 1
        return True


class Proxy:
    """Between ZenML's client and its server.

    Args:
        server: its URL.
        stack: ends the proxy.
    """

    def __init__(self, server: str, stack: ExitStack) -> None:
        self.calls: list[Call] = []  # that came since it was emptied, in order
        self.fault: Fault | None = None
        self._lock = threading.Lock()
        self._server = urlsplit(server).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:  # whoever asked was killed
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def _answer(self) -> None:
                proxy._answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

        listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        listener.daemon_threads = True
        self.url = f"http://127.0.0.1:{listener.server_port}"
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        stack.callback(listener.server_close)
        stack.callback(listener.shutdown)

    def _answer(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        call = asked.command, _IDS.sub("*", urlsplit(asked.path).path)
        with self._lock:
            self.calls.append(call)
            kind = self.fault.kind if self.fault and self.fault.strikes(call) else ""
        if kind in STATUSES:
            _reply(asked, STATUSES[kind], b'{"detail": "injected"}', {"Retry-After": "0"})
        elif kind == "not asked":
            asked.close_connection = True
        else:
            if kind == "slow":
                time.sleep(_SLOW)
            status, headers, content = self._forward(asked, body)
            if kind == "not answered":
                asked.close_connection = True
            else:
                _reply(asked, status, content, dict(headers.items()))

    def _forward(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, HTTPMessage, bytes]:
        headers = {n: v for n, v in asked.headers.items() if n.lower() != "connection"}
        with closing(HTTPConnection(self._server, timeout=LIMIT)) as connection:
            connection.request(asked.command, asked.path, body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()


def _reply(
    asked: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str]
) -> None:
    asked.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in _HOP_BY_HOP:
            asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(content)))
    asked.end_headers()
    asked.wfile.write(content)


class ServerWorld(World):
    """The environment local, registered on a server of ZenML's.

    Args:
        stack: ends the server and the proxy.
    """

    name = "server"

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder)
        self._served = folder / "server.db"
        server = stack.enter_context(zenml_server(folder / "server", f"sqlite:///{self._served}"))
        self.proxy = Proxy(server.url, stack)
        self.asked: dict[str, list[Call]] = {}
        self._stage = ""
        self.extra = {
            "ZENML_STORE_URL": self.proxy.url,
            "ZENML_STORE_API_KEY": server.account("faults"),
            PATIENCE: str(_PATIENCE),
        }

    @property
    def database(self) -> Path:
        return self._served

    def keep(self, name: str) -> None:
        super().keep(name)
        _copy(self._served, self.folder / "kept" / f"{name}.db")
        self._stage = name
        self.proxy.calls = []

    def put_back(self, name: str) -> None:
        self.proxy.fault = None
        super().put_back(name)
        _copy(self.folder / "kept" / f"{name}.db", self._served)

    def look_further(self) -> dict[str, Any]:
        if self._stage not in self.asked:
            self.asked[self._stage] = list(self.proxy.calls)
        return {}


def _copy(source: Path, target: Path) -> None:
    """Also into a database that a server has open."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@dataclass(frozen=True)
class Outage:
    stage: str
    kind: str
    call: Call
    number: int
    length: int

    @property
    def row(self) -> str:
        lasting = {1: "once", 2: "twice"}.get(self.length, "from then on")
        return f"{self.stage}: {self.kind}, {lasting}"

    @property
    def told(self) -> str:
        return f"{self.row}: {' '.join(self.call)} ({self.number})"


class Outages:
    """Requests of a run meet a server that fails; then it is repeated with one that works."""

    name = "server-outages"

    def __init__(self, life: Life, world: ServerWorld) -> None:
        self._life = life
        self._world = world

    def draw(self, chance: random.Random) -> Outage:
        """Writes as often as the much more frequent questions, rare ones as often as others."""
        stage = chance.choice(list(self._life.undisturbed))
        asked = self._world.asked[stage]
        writes = chance.random() < 0.6
        kinds = sorted({call for call in asked if (call[0] != "GET") == writes})
        call = chance.choice(kinds)
        number = chance.randrange(asked.count(call))
        return Outage(stage, chance.choice(FAULTS), call, number, chance.choice(LENGTHS))

    def inject(self, drawn: Outage) -> Result:
        result = Result(drawn.row, drawn.told, hit=False)
        world, life = self._world, self._life
        world.put_back(drawn.stage)
        length = 1 if drawn.kind == "slow" else drawn.length
        fault = Fault(drawn.kind, drawn.call, drawn.number, length)
        world.proxy.fault = fault
        ended = world.start((*life.words(drawn.stage), "--json")).ended(LIMIT)
        world.proxy.fault = None
        result.hit = fault.hit > 0
        if not result.require(ended is not None, "it hangs") or ended is None:
            return result
        passes = drawn.kind == "slow" or (drawn.kind in ("503", "429") and length <= 2)
        codes = (0,) if passes else _CODES
        result.require(ended.code in codes, f"it ends with {ended.code}: {_failure(ended.out)}")
        if ended.code:
            failure = _failure(ended.out)
            way_out = bool(failure.get("fix")) and "bug" not in ended.out
            result.require(way_out, f"no known failure: {failure}")
            if ended.code == FAILED_ON_THE_WAY:
                again = " ".join(life.words(drawn.stage)[:3])
                told = str(failure.get("go_on")).endswith(again) and bool(failure.get("now"))
                result.require(told, f"it doesn't tell what is there and how to go on: {failure}")
            result.require(not world.lease_file.exists(), "its lease is left")
            if not repeat(result, life, drawn.stage):
                return result
        require_as_undisturbed(result, life, drawn.stage)
        return result


def _failure(out: str) -> dict[str, Any]:
    try:
        return dict(json.loads(out).get("failure") or {})
    except ValueError:
        return {"what": out[-400:]}


def server_life(folder: Path, stack: ExitStack) -> tuple[Life, ServerWorld]:
    """The world and its life, not yet prepared."""
    world = ServerWorld(folder, stack)
    return Life(world), world
