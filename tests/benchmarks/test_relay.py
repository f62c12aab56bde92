from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from benchmarks.relay import relay

ID = "0123abcd-0123-0123-0123-0123456789ab"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, and closes the connection, as a server may at any time."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = f"{self.path} {self.headers['Authorization']} {body.decode()}".encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-From", "server")
        self.end_headers()
        self.wfile.write(said)
        self.close_connection = True

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def test_requests_are_passed_on_and_counted(server: str) -> None:
    with relay(server) as way:
        client = http.client.HTTPConnection(urlsplit(way.url).netloc)
        for number in range(2):
            client.request("POST", f"/runs/{ID}?n={number}", "text", {"Authorization": "Bearer x"})
            reply = client.getresponse()
            assert (reply.status, reply.headers["X-From"]) == (201, "server")
            assert reply.read().decode() == f"/runs/{ID}?n={number} Bearer x text"
        assert way.asked == ["POST /runs/ID?n=0", "POST /runs/ID?n=1"]
        client.close()
