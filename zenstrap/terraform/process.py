"""One Terraform process from start to end, which never outlives its owner for long.

It gets a session of its own, so that the terminal's Ctrl-C does not reach it beside ours: a
second SIGINT makes Terraform give up without saving its state. A supervisor stands between us
and it (supervisor.py), which ends it in good order if we are killed. What it says goes into
files without a name, not into pipes: nobody at their other end would be its death.
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

# Ending of the variable that names another address of the state's storage: a rehearsal's.
_ENDPOINT = "_BACKEND_STORAGE_CUSTOM_ENDPOINT"

STATE_VARIABLE = "ZENSTRAP_STATE"
"""In the environment of Terraform and of whatever it starts: the state that it works on."""

ORPHAN_SECONDS = 60.0
"""From the death of zenstrap to the end of its Terraform, by force if need be.

A lease is renewed every 15 seconds for 120 (zenstrap.lease), so the dead owner's lasts for 105
seconds at least. Whoever waits for its end on another machine, where nobody can see this
Terraform, meets none; 45 seconds are for a slow store and for clocks that differ."""

# Only the user may read what Terraform writes: states and plans hold secrets in clear.
_UMASK = 0o077

# Seconds between two looks at a child where the system can't tell us that it ended.
_HEARTBEAT = 0.2

# Seconds between two looks at what it has said; nobody sees a line come later by that.
_LOOK = 0.1

_CHUNK = 65536  # bytes

SUPERVISOR = Path(__file__).with_name("supervisor.py")


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

    @property
    def by_force(self) -> bool:
        """It ended at once, by us or by somebody else: a system without memory, for example."""
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
        environment: all of the child's environment variables, but for ``STATE_VARIABLE``.
        time_limit: seconds until it gets SIGINT.
        grace: seconds from that SIGINT to SIGKILL for its whole group.
        state: the place of the state that it works on; see :mod:`zenstrap.terraform.orphans`.
        interrupt: the first request sends one SIGINT and waits as long as it takes; only a
            second request kills.
        on_line: called with each line of stdout, without its end. If it raises, the process is
            stopped first.

    Raises:
        TerraformError: it can't be started.
    """
    started = time.monotonic()
    with contextlib.ExitStack() as opened:
        stdout, stderr = nameless_file(opened), nameless_file(opened)
        errors, theirs = _pipe(opened)
        try:
            popen = subprocess.Popen(
                [*_supervised(told_apart(state), theirs), *command],
                cwd=folder,
                env={**environment, STATE_VARIABLE: told_apart(state)},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[theirs],
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


def told_apart(state: str) -> str:
    """A state's place with its bucket's address: rehearsals side by side use the same names."""
    endpoints = (value for name, value in os.environ.items() if name.endswith(_ENDPOINT))
    endpoint = next(endpoints, "")
    return f"{state} at {endpoint}" if endpoint else state


def supervised_by(words: Sequence[str]) -> tuple[int | None, str]:
    """Owner and state of the Terraform that a command line supervises; no owner for others."""
    if len(words) < 8 or not words[3].endswith(f"/{SUPERVISOR.parent.name}/{SUPERVISOR.name}"):
        return None, ""
    return int(words[5]), words[4]


def _supervised(state: str, errors: int) -> list[str]:
    words = [sys.executable, "-I", "-S", SUPERVISOR, state, os.getpid(), errors, ORPHAN_SECONDS]
    return [str(word) for word in words]


class _Child:
    """A started process, what it says and the signals that it was sent."""

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
        self._asked = threading.Lock()  # taken for good by whoever sends the one SIGINT
        self._stopped: Literal["interrupt", "time limit"] | None = None
        self._killed = False
        self._rest = b""
        self._exit_descriptor = _exit_descriptor(popen.pid)

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
            self._pause(left)
            self._tell()
        self._sweep()
        self._tell()
        if self._rest and self._on_line is not None:
            self._on_line(self._rest.decode(errors="replace"))

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

    def _pause(self, seconds: float) -> None:
        """Wait for the end, at most so long, and no longer than a line may be late."""
        if self._on_line is not None:
            seconds = min(seconds, _LOOK)
        if self._exit_descriptor is not None:
            select.select([self._exit_descriptor], [], [], max(0.0, seconds))
        else:
            time.sleep(max(0.0, min(seconds, _HEARTBEAT)))

    def _tell(self) -> None:
        """Pass on the lines that have come."""
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
    why = os.strerror(number) if number else None
    return TerraformError("Terraform can't be started", where=command[0], why=why)


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
