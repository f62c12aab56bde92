"""Standard output and error as this program writes them: one that is gone ends nothing.

A terminal can be closed, a reader (``| head``) go away and a disk fill up, in the middle of
changing things. What can't be written is dropped, and told at the end.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import IO, Any, cast

_READER_IS_GONE = frozenset({errno.EPIPE, errno.EIO})  # on purpose; EIO is a closed terminal's


def open_streams() -> None:
    """Make standard output and error outlive whoever reads them."""
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:  # it was closed before: any file would get its number
            opened = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
            opened.lost = OSError(errno.EBADF, os.strerror(errno.EBADF))  # type: ignore[attr-defined]
            if opened.fileno() != descriptor:
                os.dup2(opened.fileno(), descriptor)
            setattr(sys, name, opened)
        _outliving(getattr(sys, name))


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
