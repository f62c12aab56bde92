"""One Terraform process from start to end, which never outlives its owner.

It gets a session of its own, so that the terminal's Ctrl-C does not reach it beside ours: a
second SIGINT makes Terraform give up without saving its state.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zenstrap.errors import TerraformError
from zenstrap.interrupt import Interrupt

OnLine = Callable[[str], None]

# Only the user may read what Terraform writes: states and plans hold secrets in clear.
_UMASK = 0o077

# Seconds between two looks at a child where the system can't tell us that it ended.
_HEARTBEAT = 0.2

# Seconds for the end of the pipes to arrive once the whole group was killed.
_LAST_WORDS = 1.0

_CHUNK = 65536  # bytes: what a pipe holds


@dataclass(frozen=True)
class Finished:
    """How a process ended.

    Attributes:
        code: exit code; negative for a signal.
        stdout: empty where the lines were streamed. Can hold secrets, so no repr shows it.
        stderr: what the process said there.
        seconds: how long it ran.
        stopped: why we asked it to stop, if we did.
        killed: it did not stop when asked, or was not given the time to.
    """

    code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    seconds: float
    stopped: Literal["interrupt", "time limit"] | None = None
    killed: bool = False


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    time_limit: float,
    grace: float,
    interrupt: Interrupt | None = None,
    on_line: OnLine | None = None,
) -> Finished:
    """Run a command to its end.

    Args:
        command: the command line.
        folder: the working folder.
        environment: all of the child's environment variables.
        time_limit: seconds until it gets SIGINT.
        grace: seconds from that SIGINT to SIGKILL for its whole group.
        interrupt: the first request sends one SIGINT and waits as long as it takes; only a
            second request kills.
        on_line: called with each line of stdout, without its end. If it raises, the process is
            stopped first.

    Raises:
        TerraformError: it can't be started.
    """
    started = time.monotonic()
    try:
        popen = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            umask=_UMASK,
        )
    except OSError as error:
        raise TerraformError(
            "Terraform can't be started", where=command[0], why=error.strerror
        ) from error

    child = _Child(popen, on_line)
    requests = interrupt.on_request(child.requested) if interrupt else contextlib.nullcontext()
    try:
        with requests:
            child.follow(started + time_limit, grace)
    except BaseException:
        child.end(grace)
        raise
    finally:
        child.close()
    return child.finished(time.monotonic() - started)


class _Child:
    """A started process, its two pipes and the signals that it was sent."""

    def __init__(self, popen: subprocess.Popen[bytes], on_line: OnLine | None) -> None:
        self._popen = popen
        self._on_line = on_line
        self._asked = threading.Lock()  # taken for good by whoever sends the one SIGINT
        self._stopped: Literal["interrupt", "time limit"] | None = None
        self._killed = False
        self._rest = b""
        self._stdout: list[bytes] = []
        self._stderr: list[bytes] = []
        self._selector = selectors.DefaultSelector()
        self._exit_descriptor = _exit_descriptor(popen.pid)
        if self._exit_descriptor is not None:
            self._selector.register(self._exit_descriptor, selectors.EVENT_READ)
        self._open_pipes = 2
        assert popen.stdout and popen.stderr
        for pipe, take in ((popen.stdout, self._take_stdout), (popen.stderr, self._stderr.append)):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, take)

    def requested(self, number: int) -> None:
        """A person wants a stop. Runs inside signal handlers: no lock is waited for."""
        if number >= 2:
            self._kill()
        self._ask("interrupt")

    def follow(self, deadline: float, grace: float) -> None:
        """Pass on what the process says until it has ended."""
        while not self._ended():
            left = deadline - time.monotonic()
            if left <= 0:
                if self._stopped == "time limit":
                    self._kill()
                    grace = 1.0  # SIGKILL takes no time worth counting; don't spin until then
                elif self._stopped is None:
                    self._ask("time limit")
                deadline = left = time.monotonic() + grace
                left = grace
            self._read(left)
        self._sweep()
        self._read_the_rest()
        if self._rest:
            self._pass_on(self._rest)

    def end(self, grace: float) -> None:
        """Stop it because its owner failed; what it still says is passed on, best effort."""
        on_line = self._on_line
        if on_line is not None:

            def careful(line: str) -> None:
                with contextlib.suppress(Exception):
                    on_line(line)

            self._on_line = careful
        try:
            self._ask("time limit")
            self.follow(time.monotonic() + grace, grace)
        finally:
            self._kill()
            self._popen.wait()

    def close(self) -> None:
        self._selector.close()
        if self._exit_descriptor is not None:
            os.close(self._exit_descriptor)
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def finished(self, seconds: float) -> Finished:
        return Finished(
            code=self._popen.returncode,
            stdout=b"".join(self._stdout).decode(errors="replace"),
            stderr=b"".join(self._stderr).decode(errors="replace"),
            seconds=seconds,
            stopped=self._stopped,
            killed=self._killed,
        )

    def _ask(self, reason: Literal["interrupt", "time limit"]) -> None:
        """Send SIGINT, to Terraform alone, unless it was sent before."""
        if self._asked.acquire(blocking=False):
            self._stopped = reason
            self._popen.send_signal(signal.SIGINT)

    def _kill(self) -> None:
        if self._popen.returncode is None:
            self._killed = True
            self._kill_group()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def _ended(self) -> bool:
        """Whether it has ended. Where possible it is not reaped yet, so that its id stays taken."""
        if hasattr(os, "waitid"):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            try:
                return os.waitid(os.P_PID, self._popen.pid, options) is not None
            except ChildProcessError:  # reaped: send_signal looks, too
                return True
        return self._popen.poll() is not None

    def _sweep(self) -> None:
        """End what the process has left behind in its group, then reap it."""
        self._kill_group()
        self._popen.wait()

    def _read_the_rest(self) -> None:
        """What is still in the pipes. Whoever fled the group may hold them open for ever."""
        deadline = time.monotonic() + _LAST_WORDS
        while self._open_pipes and (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> None:
        """Wait for output or the end, at most so long, and take what there is."""
        if self._exit_descriptor is None:
            seconds = min(seconds, _HEARTBEAT)
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data is None:
                self._selector.unregister(key.fileobj)
                continue
            pipe = key.fileobj
            assert not isinstance(pipe, int)
            chunk = os.read(pipe.fileno(), _CHUNK)
            if chunk:
                key.data(chunk)
            else:
                self._selector.unregister(pipe)
                self._open_pipes -= 1

    def _take_stdout(self, chunk: bytes) -> None:
        if self._on_line is None:
            self._stdout.append(chunk)
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._pass_on(line)

    def _pass_on(self, line: bytes) -> None:
        if self._on_line is not None:
            self._on_line(line.decode(errors="replace"))


def _exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the system has such."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    try:
        descriptor: int = opener(pid)
    except OSError:
        return None
    return descriptor
