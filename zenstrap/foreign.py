"""The output of foreign code: a training, ZenML, their libraries and child processes.

    kept_apart(shown)   captures descriptors 1 and 2, and `sys.stdout`
    speaking()          captures `sys.stderr` as well, while only a training runs

Foreign code may write in any way: `print`, the descriptors, a child process. So the descriptors are
redirected to unnamed files, to which a writer can write without a reader, and after zenstrap has
ended. The output is shown on zenstrap's standard error, redacted by whole lines: a secret may be
written in pieces. zenstrap's own streams must use other descriptors (zenstrap.cli.streams).
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

_POLL_SECONDS = 0.1  # between two reads of the output; too short to be noticed
_CHUNK = 65536  # bytes
_C_STDOUT: Final = ("stdout", "__stdoutp")  # in C libraries: Linux's, macOS's


class Output:
    """A file that another process writes, read from its start while it grows.

    Keeps its own position, because the descriptor's position is shared with the writer.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def read(self) -> bytes:
        """What was written since the last read."""
        parts = []
        while chunk := os.pread(self._descriptor, _CHUNK, self._position):
            self._position += len(chunk)
            parts.append(chunk)
        return b"".join(parts)


def nameless_file(opened: ExitStack) -> int:
    """A file that is deleted with the last process that has it open; in memory where possible."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("output")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    opened.callback(os.close, descriptor)
    # A wrapper script that opens /dev/stderr would write from the file's start otherwise.
    fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_APPEND)
    return descriptor


@contextmanager
def kept_apart(*, shown: bool) -> Iterator[None]:
    """Within this block, nothing that foreign code writes reaches our standard output.

    Args:
        shown: show its standard output on our standard error.
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
            with _redirected(1, output), _redirected(2, error), listener:
                try:
                    yield
                finally:
                    _flush_buffers()
        finally:
            sys.stdout, _current = ours, before


@contextmanager
def speaking() -> Iterator[None]:
    """Within this block, `sys.stderr` is captured as well, and shown by whole lines."""
    listener, captured = _current, sys.__stderr__
    if listener is None or captured is None:
        yield
        return
    ours = listener.stderr = sys.stderr
    sys.stderr = captured
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            captured.flush()
        sys.stderr, listener.stderr = ours, None


class _Listener(threading.Thread):
    """Shows what is written to files, until the end of its ``with`` block.

    Attributes:
        stderr: our standard error while `sys.stderr` is captured, else None.
    """

    def __init__(self, descriptors: list[int]) -> None:
        super().__init__(name="foreign output", daemon=True)
        self._outputs = [Output(descriptor) for descriptor in descriptors]
        self._partial_lines = [b"" for _ in descriptors]
        self._ended = threading.Event()
        self.stderr: IO[str] | None = None

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            self._read()
        self._read(last=True)

    def _read(self, *, last: bool = False) -> None:
        for number, output in enumerate(self._outputs):
            lines = (self._partial_lines[number] + output.read()).splitlines(keepends=True)
            whole = not lines or last or lines[-1].endswith((b"\n", b"\r"))
            self._partial_lines[number] = b"" if whole else lines.pop()
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
def _redirected(descriptor: int, target: int) -> Iterator[None]:
    """Within this block, a descriptor, also in child processes, writes to another one's file."""
    before = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        os.dup2(before, descriptor)
        os.close(before)


def _flush_buffers() -> None:
    """Flush Python's and C's buffers before the descriptors are ours again."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    library = ctypes.CDLL(None)
    for name in _C_STDOUT:
        with suppress(ValueError):
            library.fflush(ctypes.c_void_p.in_dll(library, name))
