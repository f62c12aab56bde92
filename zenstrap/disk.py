"""A full disk: which errors mean it, and the message with its fix."""

from __future__ import annotations

import errno
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zenstrap import paths
from zenstrap.errors import ZenstrapError, causes
from zenstrap.zenml_private.calls import config_folder

_NUMBERS: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

# Terraform, its provisioners and SQLAlchemy pass on the system's or SQLite's message.
_MESSAGE: Final = re.compile(
    r"no space left on device|disk quota exceeded|database or disk is full", re.IGNORECASE
)

_TOO_LITTLE: Final = 256 * 1024
"""Bytes. With less free space, the next write may fail as well."""

_AGAIN: Final = "run the same command again: it continues from the current state"
MAKE_ROOM: Final = f"Make room, then {_AGAIN}"


def says_full(text: str) -> bool:
    """Whether a program's message means that a disk is full or a quota is used up."""
    return _MESSAGE.search(text) is not None


def is_full(error: BaseException) -> bool:
    """Whether an error itself, without its causes, means a full disk."""
    if isinstance(error, OSError):
        return error.errno in _NUMBERS
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        # SQLite reports an I/O error if only its journal doesn't fit.
        return code == sqlite3.SQLITE_FULL or (code == _primary_io(code) and bool(full_folders()))
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
    folders = full_folders()
    return ZenstrapError(
        "the disk is full",
        where=where or ", ".join(folders) or None,
        why=why,
        fix=f"Make room in {' and '.join(folders)}, then {_AGAIN}" if folders else MAKE_ROOM,
    )


def full_folders() -> tuple[str, ...]:
    """The folders that a run writes to and that have no free space."""
    full = (folder for folder in _written_to() if _free_bytes(folder) < _TOO_LITTLE)
    return tuple(dict.fromkeys(str(folder) for folder in full))


def _primary_io(code: int | None) -> int:
    """SQLite's primary I/O error code if ``code`` is one of its extended codes, else -1."""
    return code if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR else -1


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
    """Free bytes in a folder, or in the nearest existing parent if it doesn't exist yet."""
    for existing in (folder, *folder.parents):
        try:
            return shutil.disk_usage(existing).free
        except FileNotFoundError:
            continue
        except OSError:
            break
    return _TOO_LITTLE
