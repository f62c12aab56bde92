"""A proxy between ZenML's client and server that counts requests, and adds latency and failures."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Hop-by-hop headers, which a proxy doesn't forward.
_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}


NOT_ASKED: Final = "not asked"  # the connection breaks before the server gets the request
NOT_ANSWERED: Final = "not answered"  # it breaks after the server has handled the request
Fate = int | str | None  # an HTTP status, one of the constants above, or None: forwarded


class Relay:
    """A running relay.

    Attributes:
        url: the address for the client.
        latency: seconds added to each request.
        asked: the requests so far, in order: method and path, ids as ``ID``.
        fate: decides what happens to a request, which has the form of ``asked``.
    """

    def __init__(self, url: str, server: str) -> None:
        self.url = url
        self.latency = 0.0
        self.asked: list[str] = []
        self.fate: Callable[[str], Fate] = lambda asked: None
        self.server = urlsplit(server)

    def counted(self) -> Counter[str]:
        return Counter(self.asked)


@contextmanager
def relay(server: str) -> Iterator[Relay]:
    """A relay to a server, on loopback.

    Args:
        server: its URL.
    """
    listener = _Listener(("127.0.0.1", 0), _Handler)
    listener.relay = Relay(f"http://127.0.0.1:{listener.server_port}", server)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener.relay
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Listener(ThreadingHTTPServer):
    relay: Relay
    daemon_threads = True
    block_on_close = False  # don't wait for clients that keep their connection open


class _Handler(BaseHTTPRequestHandler):
    """One client's connection, with its own connection to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        address = self.server.relay.server
        self._onward = http.client.HTTPConnection(address.hostname or "", address.port)

    def finish(self) -> None:
        self._onward.close()
        super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client was killed
            self.close_connection = True

    def pass_on(self) -> None:
        relay = self.server.relay
        asked = f"{self.command} {_UUID.sub('ID', self.path)}"
        relay.asked.append(asked)
        time.sleep(relay.latency)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fate = relay.fate(asked)
        if isinstance(fate, int):
            self._answer(fate, b'{"detail": "injected"}', [("Retry-After", "0")])
            return
        if fate != NOT_ASKED:
            reply = self._forwarded(body)
            content = reply.read()
            if fate != NOT_ANSWERED:
                self._answer(reply.status, content, reply.getheaders())
                return
        self.close_connection = True

    def _forwarded(self, body: bytes) -> http.client.HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            self._onward.request(self.command, self.path, body or None, headers)
            return self._onward.getresponse()
        except (http.client.HTTPException, ConnectionError):  # the server closed an idle connection
            self._onward.close()
            self._onward.request(self.command, self.path, body or None, headers)
            return self._onward.getresponse()

    def _answer(self, status: int, content: bytes, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET = do_POST = do_PUT = pass_on

    def log_message(self, *given: object) -> None:
        pass
