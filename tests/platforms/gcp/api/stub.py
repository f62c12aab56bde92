"""A server on this machine that stands in for Google's: answers as told, remembers what it got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """Status and body; a status of 0 breaks the connection without an answer."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answer = Reply | Callable[[Request], Reply]
LOST = Reply(0)


def refusal(
    status: int, message: str, *, reason: str = "", code: str = "", **metadata: str
) -> Reply:
    """Google's error reply; ``code`` is its canonical name, ``reason`` that of ErrorInfo."""
    error: dict[str, Any] = {"code": status, "message": message}
    if code:
        error["status"] = code
    if reason and metadata:
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": metadata,
            }
        ]
    elif reason:
        error["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    return Reply(status, {"error": error})


class Stub:
    """What is answered, by ``METHOD /path``; several answers are given one after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.otherwise: Answer = refusal(404, "Not found", code="NOT_FOUND")
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()

    def on(self, line: str, *answers: Answer) -> None:
        self._answers[line] = list(answers)

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.requests]

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            queue = self._answers.get(request.line, [self.otherwise])
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            return answer(request) if callable(answer) else answer


@contextmanager
def stub_server() -> Iterator[Stub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or every answer takes 40 ms

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            reply = stub.answer(
                Request(
                    self.command,
                    parts.path,
                    {key: values[-1] for key, values in parse_qs(parts.query).items()},
                    {key.lower(): value for key, value in self.headers.items()},
                    self.rfile.read(length),
                )
            )
            if reply.status == 0:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(reply.status)
            for key, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(reply.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = handle_any

        def log_message(self, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError, ValueError):  # a connection that was broken on purpose
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_address[1]}")
    # Often enough that stopping takes no noticeable time.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
