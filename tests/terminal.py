"""A process at a real terminal: what it shows, and what somebody types there."""

from __future__ import annotations

import os
import pty
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

LIMIT = 300.0  # seconds; generous, since a busy machine is no failure
LAST = 30.0  # seconds from the hang-up at the end of a test to the kill


class Terminal:
    """The end of a pseudo-terminal at which a person sits."""

    def __init__(self, child: int, end: int) -> None:
        self.child = child
        self._end = end
        self.seen = ""

    def type(self, keys: str) -> None:
        """Press keys; what a terminal echoes of them is read before anything else happens."""
        os.write(self._end, keys.encode())

    def wait_for(self, text: str) -> None:
        """Read until something is shown."""
        while text not in self.seen:
            assert self._read(), f"it ended without {text!r}: {self.seen}"

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self._end)
        self._end = -1

    def exit_code(self) -> int:
        """Read to the end."""
        while self._end >= 0 and self._read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])

    def _read(self) -> bool:
        ready, _, _ = select.select([self._end], [], [], LIMIT)
        assert ready, f"nothing happens any more: {self.seen}"
        try:
            read = os.read(self._end, 4096)
        except OSError:  # the other end is closed: it has ended
            return False
        self.seen += read.decode(errors="replace")
        return bool(read)


@contextmanager
def terminal(command: Sequence[str]) -> Iterator[Terminal]:
    """Start a command at a terminal of its own."""
    child, end = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(command[0], list(command))
    person = Terminal(child, end)
    try:
        yield person
    finally:
        with suppress(OSError):
            person.hang_up()  # who is still there gets a SIGHUP
        with suppress(ChildProcessError, ProcessLookupError):
            ends = os.pidfd_open(child)
            try:
                if not select.select([ends], [], [], LAST)[0]:
                    os.killpg(child, signal.SIGKILL)  # and what it started
            finally:
                os.close(ends)
            os.waitpid(child, 0)
