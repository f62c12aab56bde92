"""Regular files: read with a size limit, and written so that only the user can read them.

A path may hold something else than a file: reading a pipe would block, and a device has no end.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_MOST: Final = 64 * 1024 * 1024
"""Bytes. A state of thousands of resources has a tenth of it; all other files are smaller."""


class NotPlainError(OSError):
    """The path is a folder, a pipe, a device, or the file is too large; ``strerror`` says which."""


def read(file: Path, most: int = _MOST) -> bytes:
    """A regular file's content; symbolic links are followed.

    Args:
        most: bytes.

    Raises:
        NotPlainError: it is not a regular file, or has more than ``most`` bytes.
        OSError: it can't be read.
    """
    _require_plain(file, os.stat(file))  # before opening: a socket or a device may not open
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        _require_plain(file, os.fstat(stream.fileno()))  # again: it may have been replaced
        content = stream.read(most + 1)
    if len(content) > most:
        size = f"{most // 1024} KiB" if most < 1024**2 else f"{most // 1024**2} MiB"
        raise NotPlainError(errno.EFBIG, f"it is larger than {size}", str(file))
    return content


def write_privately(file: Path, content: bytes) -> None:
    """Write a file that only the user can read, and flush it to disk.

    An existing file, link or pipe is deleted first, so that nothing is written through it.

    Raises:
        OSError: it can't be written, or the path is a folder.
    """
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def removed_unless_done(file: Path) -> Iterator[Path]:
    """Within this block a file is written; it is deleted if the block fails."""
    try:
        yield file
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise


def _require_plain(file: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise NotPlainError(errno.EISDIR, "it is a folder", str(file))
    if not stat.S_ISREG(status.st_mode):
        raise NotPlainError(errno.EINVAL, "it is a pipe, socket or device, not a file", str(file))
