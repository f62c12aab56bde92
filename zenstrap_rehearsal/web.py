"""The HTTP server in front of the double's services."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.faults import ReplyLostError

JSON = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        path: as sent, quoted, without the query.
        query: each parameter's values, unquoted.
        headers: by name in lower case.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str | None:
        """The bearer token; None without credentials, empty for other kinds of credentials."""
        value = self.headers.get("authorization")
        if value is None:
            return None
        kind, _, token = value.partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""


@dataclass(frozen=True)
class Reply:
    """One HTTP response."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(cls, content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        all_headers = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        return cls(status, all_headers, json.dumps(content).encode())

    @classmethod
    def of_refusal(cls, refusal: ApiError) -> Reply:
        return cls.of(refusal.body(), refusal.code)

    def json(self) -> JSON:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content


class WebServer:
    """Serves on a free port of this machine, in threads of this process.

    Args:
        answer: may raise ApiError for an error response, and ReplyLostError to close the
            connection without a response.
    """

    def __init__(self, answer: Callable[[Call], Reply]) -> None:
        self._server = _Server(answer)
        self._thread = threading.Thread(
            target=self._server.accept_until_refused, name="rehearsal", daemon=True
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
    # Threads end when hang_up closes their connections.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answer: Callable[[Call], Reply]) -> None:
        self.answer = answer
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
        if not isinstance(sys.exception(), OSError):  # an OSError means: the client disconnected
            super().handle_error(request, client_address)

    def accept_until_refused(self) -> None:
        """Like `serve_forever`, but without polling for its end."""
        while not self._refusing:
            try:
                request, address = self.get_request()
            except OSError:
                continue
            self.process_request(request, address)

    def refuse(self) -> None:
        """Accept no more connections; this wakes the thread that waits for one."""
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
    # Small replies are sent at once.
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        address = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=address.path,
            query=parse_qs(address.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )
        try:
            self._send(self.server.answer(call))
        except ApiError as error:
            self._send(Reply.of_refusal(error))
        except ReplyLostError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: it would mix with a test's output."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunk(self) -> bytes:
        """The next chunk of a chunked body; empty at the end."""
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
