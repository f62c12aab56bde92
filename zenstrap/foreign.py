"""What code that isn't ours writes: a training, ZenML, their libraries and child processes.

    kept_apart(shown)   descriptors 1 and 2, and `sys.stdout`, are theirs
    speaking()          so is `sys.stderr`, while nothing but a training runs

They may write by any way: `print`, the descriptors, a child process. So the descriptors lead into
files without a name, which nobody has to read for a writer to go on, and whose writers may outlive
us. What they say is shown on our standard error redacted, by whole lines: a secret may come in
pieces. Our own streams must lie on descriptors of their own (zenstrap.cli.streams).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Final

from zenstrap.redaction import redact

_LOOK = 0.1  # seconds between two looks; nobody sees a line come later by that
_CHUNK = 65536  # bytes
_C_STDOUT: Final = ("stdout", "__stdoutp")  # in C libraries: Linux's, macOS's


class Output:
    """A file that a process writes, read from its beginning while it grows.

    Its own position, because the descriptor's is the writer's as well.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def read(self) -> bytes:
        """What has come since the last time."""
        parts = []
        while chunk := os.pread(self._descriptor, _CHUNK, self._position):
            self._position += len(chunk)
            parts.append(chunk)
        return b"".join(parts)


def nameless_file(opened: ExitStack) -> int:
    """A file that is gone with the last process that has it open; in memory where possible."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("output")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    opened.callback(os.close, descriptor)
    # A wrapper script that writes to /dev/stderr opens it anew, at its beginning.
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return descriptor


@contextmanager
def kept_apart(*, shown: bool) -> Iterator[None]:
    """Within this, nothing that others write reaches our standard output.

    Args:
        shown: show on standard error what they write to standard output, too.
    """
    global _current
    with ExitStack() as opened:
        error = nameless_file(opened)
        output = nameless_file(opened) if shown else os.open(os.devnull, os.O_WRONLY)
        if not shown:
            opened.callback(os.close, output)
        listener = _Listener([error, output] if shown else [error])
        before, _current = _current, listener
        ours, sys.stdout = sys.stdout, sys.__stdout__ or sys.stdout
        try:
            with _leading(1, output), _leading(2, error), listener:
                try:
                    yield
                finally:
                    _write_out()
        finally:
            sys.stdout, _current = ours, before


@contextmanager
def speaking() -> Iterator[None]:
    """Within this, what is written to `sys.stderr` is theirs, and comes by whole lines."""
    listener, theirs = _current, sys.__stderr__
    if listener is None or theirs is None:
        yield
        return
    ours = listener.stderr = sys.stderr
    sys.stderr = theirs
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            theirs.flush()
        sys.stderr, listener.stderr = ours, None


class _Listener(threading.Thread):
    """Shows what comes into files, until the end of its ``with`` block.

    Attributes:
        stderr: ours, where `sys.stderr` isn't.
    """

    def __init__(self, descriptors: list[int]) -> None:
        super().__init__(name="foreign output", daemon=True)
        self._outputs = [Output(one) for one in descriptors]
        self._rests = [b"" for _ in descriptors]
        self._ended = threading.Event()
        self.stderr: IO[str] | None = None

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(_LOOK):
            self._look()
        self._look(last=True)

    def _look(self, *, last: bool = False) -> None:
        for number, output in enumerate(self._outputs):
            lines = (self._rests[number] + output.read()).splitlines(keepends=True)
            whole = not lines or last or lines[-1].endswith((b"\n", b"\r"))
            self._rests[number] = b"" if whole else lines.pop()
            if lines:
                self._show(b"".join(lines).decode(errors="replace"))

    def _show(self, text: str) -> None:
        if not text.endswith(("\n", "\r")):
            text += "\n"
        stream = self.stderr or sys.stderr
        with suppress(OSError, ValueError):
            stream.write(redact(text))
            stream.flush()


_current: _Listener | None = None


@contextmanager
def _leading(descriptor: int, elsewhere: int) -> Iterator[None]:
    """Within this, a descriptor, and whoever inherits it, writes to another one's file."""
    before = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.dup2(elsewhere, descriptor)
    try:
        yield
    finally:
        os.dup2(before, descriptor)
        os.close(before)


def _write_out() -> None:
    """What lies in buffers would come when the descriptors are ours again: Python's and C's."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    library = ctypes.CDLL(None)
    for name in _C_STDOUT:
        with suppress(ValueError):
            library.fflush(ctypes.c_void_p.in_dll(library, name))
