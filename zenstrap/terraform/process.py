"""One Terraform process from start to end, which never outlives zenstrap for long.

It gets a session of its own, so that the terminal's Ctrl-C doesn't send it a SIGINT beside
zenstrap's: at a second SIGINT Terraform gives up without saving its state. A supervisor process
(supervisor.py) is its parent and stops it cleanly if zenstrap is killed. Its output is written to
unnamed files, not to pipes: a broken pipe would kill it.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zenstrap.errors import TerraformError
from zenstrap.foreign import Output, nameless_file
from zenstrap.interrupt import Interrupt
from zenstrap.log import LOGGER

OnLine = Callable[[str], None]

# Suffix of the variable with a custom endpoint of the state's storage, as a rehearsal sets it.
_ENDPOINT = "_BACKEND_STORAGE_CUSTOM_ENDPOINT"

STATE_VARIABLE = "ZENSTRAP_STATE"
"""Environment variable of Terraform and its child processes: the state that they work on."""

ORPHAN_SECONDS = 60.0
"""From the death of zenstrap to the end of its Terraform, which is killed if it takes longer.

A lease is renewed every 15 seconds for 120 (zenstrap.lease), so a dead owner's lease lasts for at
least 105 seconds. A run on another machine, which can't see this Terraform, starts after that; the
remaining 45 seconds allow for a slow store and for clocks that differ."""

# Only the user may read what Terraform writes: states and plans hold secrets in plain text.
_UMASK = 0o077

# Seconds between two polls of a child on systems that don't report its end (no pidfd).
_EXIT_POLL = 0.2

# Seconds between two reads of its output; too short to be noticed.
_OUTPUT_POLL = 0.1

_CHUNK = 65536  # bytes

SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True)
class Finished:
    """How a process ended.

    Attributes:
        code: exit code; negative for a signal.
        stdout: empty if the lines were streamed. Can hold secrets, so the repr leaves it out.
        stderr: likewise.
        seconds: how long it ran.
        stopped: why zenstrap asked it to stop, if it did.
        killed: zenstrap killed it, because it didn't stop in time or the user insisted.
    """

    code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    seconds: float
    stopped: Literal["interrupt", "time limit"] | None = None
    killed: bool = False

    @property
    def by_force(self) -> bool:
        """Whether it was killed, by zenstrap or by others, such as a system out of memory."""
        return self.killed or self.code < 0


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    time_limit: float,
    grace: float,
    state: str = "",
    interrupt: Interrupt | None = None,
    on_line: OnLine | None = None,
) -> Finished:
    """Run a command to its end.

    Args:
        command: the command line; the program with its path.
        folder: the working folder.
        environment: all of the child's environment variables except ``STATE_VARIABLE``.
        time_limit: seconds until it gets SIGINT.
        grace: seconds from that SIGINT to SIGKILL for its whole process group.
        state: path or URL of the state that it works on; see :mod:`zenstrap.terraform.orphans`.
        interrupt: the first request sends one SIGINT and waits without a limit; only a second
            request kills.
        on_line: called with each line of stdout, without the line end. If it raises, the process
            is stopped first.

    Raises:
        TerraformError: it can't be started.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as opened:
        stdout, stderr = nameless_file(opened), nameless_file(opened)
        errors, child_errors = _pipe(opened)
        try:
            popen = subprocess.Popen(
                [*_supervised(unique_place(state), child_errors), *command],
                cwd=folder,
                env={**environment, STATE_VARIABLE: unique_place(state)},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[child_errors],
                start_new_session=True,
                umask=_UMASK,
            )
        except OSError as error:
            raise _not_started(command, error.errno) from error
        child = _Child(popen, Output(stdout), Output(stderr), on_line)
        requests = interrupt.on_request(child.requested) if interrupt else contextlib.nullcontext()
        try:
            with requests:
                child.follow(started + time_limit, grace)
        except BaseException:
            child.end(grace)
            raise
        finally:
            child.close()
        if number := _read_now(errors):
            raise _not_started(command, int(number))
        finished = child.finished(time.monotonic() - started)
        LOGGER.debug(
            "terraform: %s: exit code %s after %.1f s (in %s)",
            shlex.join(command),
            finished.code,
            finished.seconds,
            folder,
        )
        return finished


def unique_place(state: str) -> str:
    """A state's path or URL with its custom endpoint: concurrent rehearsals use the same names."""
    endpoints = (value for name, value in os.environ.items() if name.endswith(_ENDPOINT))
    endpoint = next(endpoints, "")
    return f"{state} at {endpoint}" if endpoint else state


def supervised_by(words: Sequence[str]) -> tuple[int | None, str]:
    """Owner's pid and state of a supervisor's command line; None and "" for other commands."""
    if len(words) < 8 or not words[3].endswith(f"/{SUPERVISOR.parent.name}/{SUPERVISOR.name}"):
        return None, ""
    return int(words[5]), words[4]


def _supervised(state: str, errors: int) -> list[str]:
    words = [sys.executable, "-I", "-S", SUPERVISOR, state, os.getpid(), errors, ORPHAN_SECONDS]
    return [str(word) for word in words]


class _Child:
    """A started process, its output and the signals that were sent to it."""

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        stdout: Output,
        stderr: Output,
        on_line: OnLine | None,
    ) -> None:
        self._popen = popen
        self._stdout = stdout
        self._stderr = stderr
        self._on_line = on_line
        self._asked = threading.Lock()  # acquired once, by the only SIGINT; never released
        self._stopped: Literal["interrupt", "time limit"] | None = None
        self._killed = False
        self._rest = b""
        self._exit_descriptor = _exit_descriptor(popen.pid)

    def requested(self, number: int) -> None:
        """Handle a user's stop request. Runs inside signal handlers: must not wait for a lock."""
        if number >= 2:
            self._kill()
        self._ask("interrupt")

    def follow(self, deadline: float, grace: float) -> None:
        """Pass on the process's output until it has ended."""
        while not self._ended():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                if self._stopped == "time limit":
                    self._kill()
                    grace = 1.0  # SIGKILL takes effect at once; don't spin until then
                elif self._stopped is None:
                    self._ask("time limit")
                deadline = time.monotonic() + grace
                remaining = grace
            self._pause(remaining)
            self._pass_on_lines()
        self._sweep()
        self._pass_on_lines()
        if self._rest and self._on_line is not None:
            self._on_line(self._rest.decode(errors="replace"))

    def end(self, grace: float) -> None:
        """Stop it because its caller failed; remaining output is passed on, best effort."""
        on_line = self._on_line
        if on_line is not None:

            def suppressing(line: str) -> None:
                with contextlib.suppress(Exception):
                    on_line(line)

            self._on_line = suppressing
        try:
            self._ask("time limit")
            self.follow(time.monotonic() + grace, grace)
        finally:
            self._kill()
            self._popen.wait()

    def close(self) -> None:
        if self._exit_descriptor is not None:
            os.close(self._exit_descriptor)

    def finished(self, seconds: float) -> Finished:
        return Finished(
            code=self._popen.returncode,
            stdout="" if self._on_line else self._stdout.read().decode(errors="replace"),
            stderr=self._stderr.read().decode(errors="replace"),
            seconds=seconds,
            stopped=self._stopped,
            killed=self._killed,
        )

    def _ask(self, reason: Literal["interrupt", "time limit"]) -> None:
        """Send SIGINT, once, to the supervisor, which passes it on to Terraform."""
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
        """Whether it has ended. If possible it isn't reaped yet, so that its id isn't reused."""
        if hasattr(os, "waitid"):
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            try:
                return os.waitid(os.P_PID, self._popen.pid, options) is not None
            except ChildProcessError:  # reaped by send_signal, which polls as well
                return True
        return self._popen.poll() is not None

    def _sweep(self) -> None:
        """Kill what is left of its process group, then reap it."""
        self._kill_group()
        self._popen.wait()

    def _pause(self, seconds: float) -> None:
        """Wait for the process to end, at most ``seconds``, and shorter if output is passed on."""
        if self._on_line is not None:
            seconds = min(seconds, _OUTPUT_POLL)
        if self._exit_descriptor is not None:
            select.select([self._exit_descriptor], [], [], max(0.0, seconds))
        else:
            time.sleep(max(0.0, min(seconds, _EXIT_POLL)))

    def _pass_on_lines(self) -> None:
        """Call ``on_line`` with each new line."""
        if self._on_line is None:
            return
        *lines, self._rest = (self._rest + self._stdout.read()).split(b"\n")
        for line in lines:
            self._on_line(line.decode(errors="replace"))


def _pipe(opened: contextlib.ExitStack) -> tuple[int, int]:
    read, write = os.pipe()
    for descriptor in (read, write):
        opened.callback(os.close, descriptor)
    os.set_blocking(read, False)
    return read, write


def _read_now(pipe: int) -> bytes:
    try:
        return os.read(pipe, _CHUNK)
    except BlockingIOError:
        return b""


def _not_started(command: Sequence[str], number: int | None) -> TerraformError:
    """The error for a program that can't be started, from the system's error number."""
    why = os.strerror(number) if number else None
    return TerraformError("Terraform can't be started", where=command[0], why=why)


def _exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None on systems without pidfd."""
    opener = getattr(os, "pidfd_open", None)
    if opener is None:
        return None
    try:
        descriptor: int = opener(pid)
    except OSError:
        return None
    return descriptor
