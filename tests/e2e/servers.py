"""Real servers of a test's own: ZenML's over HTTP, and MariaDB under it. Both on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

PASSWORD = "a-password-for-tests-alone-7"
_SECRET = "0123456789abcdef" * 4


@dataclass(frozen=True)
class ZenMLServer:
    """A running server, and who signs in as its administrator."""

    url: str
    token: str

    def account(self, name: str) -> str:
        """Make a service account and return its API key."""
        made = self.post("/api/v1/service_accounts", {"name": name, "active": True})
        key = self.post(f"/api/v1/service_accounts/{made['id']}/api_keys", {"name": "tests"})
        return str(key["body"]["key"])

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        request = Request(
            f"{self.url}{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as reply:
            return json.load(reply)


@contextmanager
def zenml_server(
    folder: Path, database: str, *, encrypted: bool = True, python: str = sys.executable
) -> Iterator[ZenMLServer]:
    """ZenML's server, as somebody would host it.

    Args:
        folder: for its configuration.
        database: URL of the database, for example sqlite:////folder/zenml.db.
        encrypted: whether its secret store has an encryption key.
        python: of the virtual environment whose ZenML it is.
    """
    folder.mkdir()
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ZENML_")}
    environ |= {
        "HOME": str(folder),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_CONFIG_PATH": str(folder),
        "ZENML_DEFAULT_USER_NAME": "default",
        "ZENML_DEFAULT_USER_PASSWORD": PASSWORD,
        "ZENML_SECRETS_STORE_TYPE": "sql",
        "ZENML_SERVER": "true",
        "ZENML_SERVER_AUTO_ACTIVATE": "true",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_JWT_SECRET_KEY": _SECRET,
        "ZENML_STORE_SSL": "false",
        "ZENML_STORE_TYPE": "sql",
        "ZENML_STORE_URL": database,
    }
    if encrypted:
        environ["ZENML_SECRETS_STORE_ENCRYPTION_KEY"] = _SECRET
    app = "zenml.zen_server.zen_server_api:app"
    command = [python, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, folder / "log", "Uvicorn running on", environ):
        url = f"http://127.0.0.1:{port}"
        body = urlencode({"username": "default", "password": PASSWORD}).encode()
        with urlopen(f"{url}/api/v1/login", data=body, timeout=60) as reply:
            yield ZenMLServer(url, json.load(reply)["access_token"])


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """MariaDB with an empty database; its URL."""
    folder.mkdir()
    port = free_port()
    user = f"--user={_user()}"
    made = ["mariadb-install-db", f"--datadir={folder}/data", "--auth-root-authentication-method="
            "normal", "--skip-test-db", user]  # fmt: skip
    subprocess.run(made, check=True, capture_output=True)
    init = folder / "init.sql"
    init.write_text(
        # A statement per line, as --init-file wants it.
        "CREATE DATABASE zenml;\n"
        f"CREATE USER zenml@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        "GRANT ALL ON zenml.* TO zenml@'127.0.0.1';\n"
    )
    command = ["mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--port={port}", user,
               "--bind-address=127.0.0.1", f"--socket={folder}/socket", "--skip-name-resolve",
               f"--init-file={init}", f"--pid-file={folder}/pid"]  # fmt: skip
    with _running(command, folder / "log", "ready for connections", dict(os.environ)):
        yield f"mysql://zenml:{PASSWORD}@127.0.0.1:{port}/zenml"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _running(
    command: list[str], log: Path, ready: str, environ: Mapping[str, str]
) -> Iterator[None]:
    """A process, from the line in which it says that it is ready to the end of the block."""
    with log.open("wb") as kept:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(environ)
        )
        assert process.stdout is not None
        reader = _until(process.stdout, ready, kept)
        try:
            assert reader, f"{command[0]} ended before it was ready:\n{log.read_text()}"
            drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=kept)
            yield
        finally:
            process.terminate()
            process.wait(60)
            process.stdout.close()
        drain.wait(60)


def _until(stream: IO[bytes], text: str, kept: IO[bytes]) -> bool:
    for line in stream:
        kept.write(line)
        if text.encode() in line:
            return True
    kept.flush()
    return False


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
