"""Plain files of this machine: read with a bound, and written for the user alone.

Anybody can lay something else at a place where a file is looked for. A pipe would be waited for,
and a device has no end.
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
"""Bytes. A state of thousands of resources has a tenth of it, and nothing else comes near."""


class NotPlainError(OSError):
    """What lies there is a folder, a pipe, a device, or too large; ``strerror`` says which."""


def read(file: Path, most: int = _MOST) -> bytes:
    """A plain file's content; what a link leads to counts.

    Args:
        most: bytes.

    Raises:
        NotPlainError: it is something else, or has more than ``most`` bytes.
        OSError: it can't be read.
    """
    _require_plain(file, os.stat(file))  # a socket or a device can't always be opened
    with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        _require_plain(file, os.fstat(stream.fileno()))  # it may have been changed meanwhile
        content = stream.read(most + 1)
    if len(content) > most:
        size = f"{most // 1024} KiB" if most < 1024**2 else f"{most // 1024**2} MiB"
        raise NotPlainError(errno.EFBIG, f"it is larger than {size}", str(file))
    return content


def write_privately(file: Path, content: bytes) -> None:
    """Write a file that only the user can read, and be sure that the disk has it.

    Whatever lies there is taken away first, so that nothing is written through a link or a pipe.

    Raises:
        OSError: it can't be written, or a folder lies there.
    """
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def removed_unless_done(file: Path) -> Iterator[Path]:
    """Within this a file is written; half of one isn't left behind."""
    try:
        yield file
    except BaseException:
        with suppress(OSError):
            file.unlink()
        raise


def _require_plain(file: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise NotPlainError(errno.EISDIR, "it is a folder", str(file))
    if not stat.S_ISREG(found.st_mode):
        raise NotPlainError(errno.EINVAL, "it is no file, but a pipe, socket or device", str(file))
