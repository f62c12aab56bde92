from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.platforms.gcp.api.stub import LOST, Reply, Request, Stub, stub_server
from zenstrap.platforms.gcp.api.credentials import load_login
from zenstrap.platforms.gcp.storage.client import storage_client
from zenstrap_rehearsal.storage.server import StorageServer


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub


def client_at(url: str, project: str = "acme-ml-dev") -> Any:
    environ = {"GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/"}
    login = load_login(environ={"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token"})
    return storage_client(login, project=project, environ=environ)


@pytest.fixture(scope="session")
def storage_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the rehearsal's Cloud Storage; everybody is its owner."""
    server = StorageServer(tmp_path_factory.mktemp("storage"), lambda token: "owner")
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


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
        reply = self._forward(request)
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


@pytest.fixture
def wire(storage_url: str, stub: Stub) -> Wire:
    made = Wire(storage_url)
    stub.otherwise = made
    return made
