"""The cloud's REST services over HTTP, on one port.

The first part of a path is the service's own host at Google: ``/iam/v1/projects/P/roles``.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from zenstrap_rehearsal.cloud import services as services  # registers the handlers
from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.cloud.errors import ApiError

_FORM: Final = "application/x-www-form-urlencoded"

# Nobody has a token before these.
_OPEN: Final = frozenset({"token", "sts"})


class RestServer:
    """Serves a cloud until it is stopped, in threads of this process."""

    def __init__(self, cloud: Cloud) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cloud))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(cloud: Cloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Or a reply of two writes waits for the other side's acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: what a test prints is its own."""

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            try:
                status, reply = 200, self._call(content)
            except ApiError as error:
                status, reply = error.code, error.body()
            data = json.dumps(reply).encode()
            with contextlib.suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=UTF-8")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def _call(self, content: bytes) -> Any:
            address = urlsplit(self.path)
            service, _, path = address.path.strip("/").partition("/")
            # Several values of one name are joined: no name here has a comma in a value.
            query = {k: ",".join(v) for k, v in parse_qs(address.query).items()}
            token = None if service in _OPEN else self._token()
            return cloud.call(
                service,
                self.command,
                unquote(path),
                body=self._body(content),
                query=query,
                token=token,
            )

        def _body(self, content: bytes) -> Any:
            if not content:
                return {}
            if self.headers.get("Content-Type", "").startswith(_FORM):
                return {k: v[0] for k, v in parse_qs(content.decode()).items()}
            try:
                return json.loads(content)
            except ValueError as error:
                raise ApiError(400, "Invalid JSON payload received.") from error

        def _token(self) -> str | None:
            value = self.headers.get("Authorization", "")
            kind, _, token = value.partition(" ")
            return token.strip() if kind.lower() == "bearer" else None

    return Handler
