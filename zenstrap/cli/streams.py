"""Standard output and error as this program writes them: one that is gone ends nothing.

A terminal can be closed, a reader (``| head``) go away and a disk fill up, in the middle of
changing things. What can't be written is dropped, and told at the end.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, cast

_READER_IS_GONE = frozenset({errno.EPIPE, errno.EIO})  # on purpose; EIO is a closed terminal's


def open_streams() -> None:
    """Make standard output and error outlive whoever reads them, and ours alone.

    They get descriptors of their own. 1 and 2 are known to any library and inherited by children,
    so these, and Python's own streams on them, are others' (zenstrap.foreign).
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:  # it was closed before: any file would get its number
            _lead_nowhere(descriptor)
            theirs = os.fdopen(descriptor, "w", encoding="utf-8", closefd=False)
            stream = _duplicate(theirs, descriptor)
            stream.lost = OSError(errno.EBADF, os.strerror(errno.EBADF))
            setattr(sys, f"__{name}__", theirs)
        elif _descriptor(stream) == descriptor:
            stream = _duplicate(stream, descriptor)
        setattr(sys, name, stream)
        _outliving(stream)


def delivered(code: int) -> int:
    """Write out what still lies in the buffers; the exit code that is true then.

    A result that could not be written is a failure, unless its reader went away.
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
    except (OSError, ValueError):  # it is none of the system's: a test's
        return None


def _lead_nowhere(descriptor: int) -> None:
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
    made = os.fdopen(private, "w", encoding=stream.encoding, errors=stream.errors)
    made.reconfigure(line_buffering=stream.line_buffering or stream.write_through)
    return made


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
