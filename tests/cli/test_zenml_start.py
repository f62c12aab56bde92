"""ZenML that doesn't start, for reasons of its own: each is told by its cause."""

from __future__ import annotations

import os
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from tests.command_line import CommandLine
from tests.conftest import DATABASE, Home
from zenstrap.cli.zenml_start import CHOSEN_BY, explained
from zenstrap.errors import RegistryError, exit_code

UNKNOWN = "11111111-2222-3333-4444-555555555555"


def database(home: Home) -> sqlite3.Connection:
    return sqlite3.connect(home.zenml / DATABASE)


def test_a_database_that_a_newer_zenml_made(home: Home, run: CommandLine) -> None:
    with database(home) as store:
        store.execute("update alembic_version set version_num = '9.99.0'")
    refused = run("plan", "--env", "local")
    assert refused.code == 1
    assert "newer" in refused.err and "9.99.0" in refused.err
    assert "zenml logout" not in refused.err and "delete that file" not in refused.err


def test_a_database_that_was_never_finished(home: Home, run: CommandLine) -> None:
    """Killed in ZenML's very first start: its default components are there, its stack isn't."""
    with database(home) as store:
        store.execute("delete from stack_composition")
        store.execute("delete from stack")
    refused = run("plan", "--env", "local")
    assert refused.code == 1
    assert "is incomplete" in refused.err and str(home.zenml / DATABASE) in refused.err


def a_pipe(file: Path) -> None:
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def a_folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


@pytest.mark.parametrize("made", [a_pipe, a_folder])
@pytest.mark.parametrize("name", ["config.yaml", str(DATABASE)])
def test_what_lies_in_the_place_of_a_file_of_zenmls(
    home: Home, run: CommandLine, name: str, made: Callable[[Path], None]
) -> None:
    made(home.zenml / name)
    refused = run("plan", "--env", "local")
    assert refused.code == 1
    assert name in refused.err and "logout" not in refused.err


@pytest.mark.parametrize("content", [b"a: [", b"a: \0", b"- 1", b"store: 3"])
def test_settings_of_zenml_that_are_damaged(home: Home, run: CommandLine, content: bytes) -> None:
    (home.zenml / "config.yaml").write_bytes(content)
    refused = run("plan", "--env", "local")
    assert refused.code == 1
    assert "config.yaml" in refused.err and "logout" not in refused.err
    assert (home.zenml / "config.yaml").read_bytes() == content


@pytest.mark.parametrize("value", [UNKNOWN, "no id"])
@pytest.mark.parametrize("what", CHOSEN_BY)
def test_an_environment_variable_that_names_nothing(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch, what: str, value: str
) -> None:
    monkeypatch.setenv(CHOSEN_BY[what], value)
    refused = run("plan", "--env", "local")
    assert refused.code == 64, refused.err
    assert CHOSEN_BY[what] in refused.err and "bug" not in refused.err
    assert f"zenml {what} list" in refused.err


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("(sqlite3.OperationalError) database is locked", "in use"),
        ("(sqlite3.OperationalError) unable to open database file", "can't be written"),
        ("(sqlite3.OperationalError) attempt to write a readonly database", "can't be written"),
        ("(sqlite3.OperationalError) database or disk is full", "disk"),
        ("(sqlite3.DatabaseError) file is not a database", "damaged"),
        ("(sqlite3.OperationalError) no such table: stack", "is incomplete"),
        ("something else", "can't be used"),
    ],
)
def test_what_sqlite_says(said: str, told: str) -> None:
    error = explained(RuntimeError(said), "sqlite:////home/ada/zenml.db")
    assert told in error.what
    # To delete a database is advised only where there can be nothing in it.
    assert ("delete that file" in (error.fix or "")) == (told == "is incomplete")


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler], pem: Path | None = None) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if pem else 'http'}://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class LoginPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!DOCTYPE html><html><title>Please sign in</title></html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_login_page_instead_of_the_server(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(LoginPage) as address:
        monkeypatch.setenv("ZENML_STORE_URL", address)
        monkeypatch.setenv("ZENML_STORE_API_KEY", "ZENKEY_none")
        refused = run("plan", "--env", "local")
    assert refused.code == 1
    assert "doesn't serve ZenML's API" in refused.err and "web page" in refused.err
    assert "<" not in refused.err


def test_a_certificate_that_nobody_signed(tmp_path: Path) -> None:
    with answering(LoginPage, self_signed(tmp_path)) as address:
        with pytest.raises(requests.exceptions.SSLError) as caught:
            requests.get(address, timeout=10)
        error = explained(caught.value, address)
    assert isinstance(error, RegistryError) and exit_code(error) == 1
    assert "certificate" in error.what and "ZENML_STORE_VERIFY_SSL" in (error.command or "")


def test_https_where_http_is_spoken() -> None:
    with answering(LoginPage) as address:
        secure = address.replace("http:", "https:")
        with pytest.raises(requests.exceptions.SSLError) as caught:
            requests.get(secure, timeout=10)
        assert "http://" in (explained(caught.value, secure).fix or "")


def self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return pem
