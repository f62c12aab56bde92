"""A full disk: which errors mean it, and the message with its fix.

A disk is also full if it has no inodes left, and a file is as good as on a full disk if it may not
grow beyond the process's limit of file sizes (``ulimit -f``).
"""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zenstrap import paths
from zenstrap.errors import FullDiskError, ZenstrapError, causes
from zenstrap.plain_files import NotPlainError
from zenstrap.zenml_private.calls import config_folder

_NUMBERS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

# Terraform, its provisioners and SQLAlchemy pass on the system's or SQLite's message.
_MESSAGE: Final = re.compile(
    r"no space left on device|disk quota exceeded|database or disk is full", re.IGNORECASE
)

_TOO_LARGE: Final = re.compile(r"file too large|file size limit exceeded", re.IGNORECASE)
"""Messages about the limit of file sizes, where there is one."""

_DATABASE: Final = "disk I/O error"
"""SQLite's message if its journal doesn't fit, and if a file would exceed the limit."""

_TOO_LITTLE: Final = 256 * 1024
"""Bytes. With less free space, the next write may fail as well."""

_TOO_FEW: Final = 32
"""Inodes. A step needs about as many, and what it made is removed before its error is told."""

_SMALL_LIMIT: Final = 1024**3
"""Bytes. ZenML's local database stays below, so a larger limit isn't the reason of its errors."""

_AGAIN: Final = "run the same command again: it continues from the current state"
MAKE_ROOM: Final = f"Make room, then {_AGAIN}"


def says_full(text: str) -> bool:
    """Whether a program's message means that a disk is full, or a quota or limit is used up."""
    return _MESSAGE.search(text) is not None or (
        _TOO_LARGE.search(text) is not None and _size_limit() is not None
    )


def is_full(error: BaseException) -> bool:
    """Whether an error itself, without its causes, means a full disk."""
    if isinstance(error, OSError):
        limited = error.errno == errno.EFBIG and not isinstance(error, NotPlainError)
        return error.errno in _NUMBERS or (limited and _size_limit() is not None)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code == sqlite3.SQLITE_FULL or (
            _is_io(code) and (bool(full_folders()) or _has_small_limit())
        )
    return says_full(str(error))


def full_disk(error: BaseException) -> ZenstrapError | None:
    """The error to report if a full disk caused this one; None if it didn't.

    A zenstrap error among the causes is preferred: ZenML can't record the end of the run on a full
    disk either, and its error would hide the first one.
    """
    chain = list(causes(error))
    cause = next((e for e in chain if is_full(e)), None)
    if cause is None:
        return None
    ours = next((e for e in chain if isinstance(e, ZenstrapError)), None)
    return ours or full_error(str(cause).partition("\n")[0], where=getattr(cause, "filename", None))


def full_error(why: str, *, where: str | None = None) -> ZenstrapError:
    """The error for a full disk.

    Args:
        why: the original message.
        where: the file that could not be written, if that is known.
    """
    folders = full_folders(*([Path(where).parent] if where else []))
    limit = _size_limit()
    if limit is not None and (_TOO_LARGE.search(why) or (_DATABASE in why and not folders)):
        return FullDiskError(
            f"a file may not grow: the limit of file sizes is {limit} bytes",
            where=where,
            why=why,
            fix=f"Raise the limit (ulimit -f unlimited), then {_AGAIN}",
        )
    named = " and ".join(folders)
    if folders and all(_free_bytes(Path(folder)) >= _TOO_LITTLE for folder in folders):
        return FullDiskError(
            "the disk is full (no inodes left)",
            where=where or ", ".join(folders),
            why=why,
            fix=f"Delete files on the disk of {named} (each takes an inode, even an empty one), "
            f"then {_AGAIN}",
        )
    return FullDiskError(
        "the disk is full",
        where=where or ", ".join(folders) or None,
        why=why,
        fix=f"Make room in {named}, then {_AGAIN}" if folders else MAKE_ROOM,
    )


def full_folders(*others: Path) -> tuple[str, ...]:
    """The folders that a run writes to and that have no free space or inodes.

    Args:
        others: looked at as well, if they are on none of the disks that are full already.
    """
    full: dict[str, int | None] = {}
    for folder in _written_to():
        if _is_without_room(folder):
            full[str(folder)] = _device(folder)
    for folder in others:
        if _device(folder) not in full.values() and _is_without_room(folder):
            full[str(folder)] = _device(folder)
    return tuple(full)


def _is_without_room(folder: Path) -> bool:
    return _free_bytes(folder) < _TOO_LITTLE or _free_inodes(folder) < _TOO_FEW


def _device(folder: Path) -> int | None:
    existing = _existing(folder)
    return existing.stat().st_dev if existing else None


def _is_io(code: int | None) -> bool:
    """Whether an extended error code of SQLite's is of its I/O errors."""
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR


def _size_limit() -> int | None:
    """Bytes that a file of this process may have; None if there is no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if limit == resource.RLIM_INFINITY else limit


def _has_small_limit() -> bool:
    limit = _size_limit()
    return limit is not None and limit < _SMALL_LIMIT


def _written_to() -> Iterator[Path]:
    yield paths.home()
    zenml = _zenml_folder()
    if zenml is not None:
        yield zenml
    yield Path(tempfile.gettempdir())


def _zenml_folder() -> Path | None:
    try:
        return config_folder()
    except Exception:  # its configuration may be what could not be written
        return None


def _free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder."""
    existing = _existing(folder)
    return shutil.disk_usage(existing).free if existing else _TOO_LITTLE


def _free_inodes(folder: Path) -> int:
    """Free inodes on the disk of a folder. Some file systems have no fixed number of them."""
    existing = _existing(folder)
    status = os.statvfs(existing) if existing else None
    return status.f_favail if status and status.f_files else _TOO_FEW


def _existing(folder: Path) -> Path | None:
    """A folder, or its nearest existing parent; None if it can't be told."""
    try:
        return next(one for one in (folder, *folder.parents) if one.exists())
    except OSError:
        return None
