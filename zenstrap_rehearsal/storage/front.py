"""The HTTP server in front of the store: connections, tokens, faults."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from zenstrap_rehearsal.storage.access import OWNER
from zenstrap_rehearsal.storage.calls import Call, Reply
from zenstrap_rehearsal.storage.faults import Faults
from zenstrap_rehearsal.storage.refusals import Refusal, unauthenticated
from zenstrap_rehearsal.storage.routes import Routes

_REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Served:
    """One call that was answered; status 0 is a connection that broke off."""

    principal: str
    method: str
    path: str
    query: str
    status: int


class Front:
    """Serves a store on a free port of this machine.

    Attributes:
        served: the last calls, for tests that ask what a client does.
    """

    def __init__(
        self, routes: Routes, accounts: Callable[[str], str | None], faults: Faults
    ) -> None:
        self.routes = routes
        self.accounts = accounts
        self.faults = faults
        self.served: deque[Served] = deque(maxlen=_REMEMBERED)
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.accept_until_refused, name="storage", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.refuse()
        self._thread.join()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Threads of open connections end with them; see hang_up.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, front: Front) -> None:
        self.front = front
        self._connections: set[socket.socket] = set()
        self._refusing = False
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # else the client has gone
            super().handle_error(request, client_address)

    def accept_until_refused(self) -> None:
        """Unlike `serve_forever`, without looking several times a second whether it is over."""
        while not self._refusing:
            try:
                request, address = self.get_request()
            except OSError:
                continue
            self.process_request(request, address)

    def refuse(self) -> None:
        """Take no more connections; this wakes whoever waits for one."""
        self._refusing = True
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        self.server_close()
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Small replies go out at once.
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        front = self.server.front
        address = urlsplit(self.path)
        body = self._body()
        principal = self._principal()
        reply: Reply | None
        try:
            fault = front.faults.strike(self.command, unquote(address.path))
            if principal is None:
                raise unauthenticated()
            call = Call(
                method=self.command,
                path=address.path,
                query=parse_qs(address.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                principal=principal,
            )
            reply = front.routes.carry_out(call)
            if fault and fault.after:
                reply = Reply.of_refusal(Refusal(fault.code)) if fault.code else None
        except Refusal as refusal:
            reply = Reply.of_refusal(refusal)
        status = reply.status if reply else 0
        front.served.append(
            Served(principal or "", self.command, unquote(address.path), address.query, status)
        )
        if reply:
            self._send(reply)
        else:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `Front.served` remembers."""

    def _principal(self) -> str | None:
        authorization = self.headers.get("Authorization")
        if authorization is None:
            return OWNER
        kind, _, token = authorization.partition(" ")
        return self.server.front.accounts(token.strip()) if kind.lower() == "bearer" else None

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        """The next chunk of a body whose length the client didn't know; empty at the end."""
        size = int(self.rfile.readline().partition(b";")[0], 16)
        content = self.rfile.read(size)
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            continue  # trailers
        return content

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        bodiless = reply.status in (204, 304) or self.command == "HEAD"
        for name, value in reply.headers.items():
            if name.lower() != "content-length" or bodiless:
                self.send_header(name, value)
        if not bodiless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(reply.body)
        self.wfile.flush()
