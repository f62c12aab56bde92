"""Standard output and error that survive a closed terminal, a closed pipe and a full disk.

Any of these can happen in the middle of an apply. Output that can't be written is dropped, and
reported at the end.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, cast

_READER_IS_GONE = frozenset({errno.EPIPE, errno.EIO})  # deliberately closed; EIO: a closed terminal


def open_streams() -> None:
    """Make standard output and error survive their reader, and used by zenstrap only.

    They get new file descriptors. Libraries and child processes write to 1 and 2, so these, and
    Python's original streams on them, are left to those (zenstrap.foreign).
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:  # closed at the start: the next opened file would get its number
            _open_devnull(descriptor)
            original = os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
            stream = _duplicate(original, descriptor)
            stream.lost = OSError(errno.EBADF, os.strerror(errno.EBADF))
            setattr(sys, f"__{name}__", original)
        elif _descriptor(stream) == descriptor:
            stream = _duplicate(stream, descriptor)
        setattr(sys, name, stream)
        _outliving(stream)


def delivered(code: int) -> int:
    """Flush the streams; returns the final exit code.

    A result that could not be written is a failure, unless the reader closed the pipe.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    lost = getattr(sys.stdout, "lost", None)
    if lost is None or lost.errno in _READER_IS_GONE:
        return code
    sys.stderr.write(f"Error: Standard output can't be written: {lost.strerror}.\n")
    sys.stderr.flush()
    return code or 1


def _descriptor(stream: IO[str]) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # without a file descriptor, as in tests
        return None


def _open_devnull(descriptor: int) -> None:
    opened = os.open(os.devnull, os.O_WRONLY)
    os.dup2(opened, descriptor)
    if opened == descriptor:
        os.set_inheritable(descriptor, True)
    else:
        os.close(opened)


def _duplicate(stream: Any, descriptor: int) -> Any:
    with suppress(OSError):
        stream.flush()
    private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    duplicate = os.fdopen(private, "w", encoding=stream.encoding, errors=stream.errors)
    duplicate.reconfigure(line_buffering=stream.line_buffering or stream.write_through)
    return duplicate


def _outliving(stream: IO[str]) -> None:
    kept = cast(Any, stream)
    if not getattr(kept.write, "outlives", False):
        kept.write = _surviving(kept, kept.write)
        kept.flush = _surviving(kept, kept.flush)


def _surviving(stream: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    def surviving(*text: str) -> Any:
        if getattr(stream, "lost", None) is None:
            try:
                return call(*text)
            except OSError as error:
                stream.lost = error
        return len(text[0]) if text else None

    surviving.outlives = True  # type: ignore[attr-defined]
    return surviving
