"""A disk that is full: which error says so, and what a person does about it."""

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

# Terraform, its provisioners and SQLAlchemy hand on the system's, or SQLite's, words.
_WORDS: Final = re.compile(
    r"no space left on device|disk quota exceeded|database or disk is full", re.IGNORECASE
)

_LITTLE: Final = 256 * 1024
"""Bytes. Where less is free, what is written next may not fit either."""

_AGAIN: Final = "run the same command again: it goes on from there"
MAKE_ROOM: Final = f"Make room, then {_AGAIN}"


def says_full(text: str) -> bool:
    """Whether a program's words mean that a disk, or a quota, is used up."""
    return _WORDS.search(text) is not None


def is_full(error: BaseException) -> bool:
    """Whether an error, without what it came from, means that."""
    if isinstance(error, OSError):
        return error.errno in _NUMBERS
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        # SQLite calls it an I/O error where only its journal found no room.
        return code == sqlite3.SQLITE_FULL or (code == _primary_io(code) and bool(full_folders()))
    return says_full(str(error))


def full_disk(error: BaseException) -> ZenstrapError | None:
    """The error that says so in our words, where a full disk is what it comes of; None elsewhere.

    An error of ours that a full disk led to goes before what failed on that disk afterwards:
    ZenML can't write the end of a run there either.
    """
    chain = list(causes(error))
    first = next((one for one in chain if is_full(one)), None)
    if first is None:
        return None
    ours = next((one for one in chain if isinstance(one, ZenstrapError)), None)
    return ours or full_error(str(first).partition("\n")[0], where=getattr(first, "filename", None))


def full_error(why: str, *, where: str | None = None) -> ZenstrapError:
    """A full disk as the whole reason.

    Args:
        why: what could not be written, in the words of whoever tried.
        where: what could not be written, if that is known.
    """
    folders = full_folders()
    return ZenstrapError(
        "the disk is full",
        where=where or ", ".join(folders) or None,
        why=why,
        fix=f"Make room in {' and '.join(folders)}, then {_AGAIN}" if folders else MAKE_ROOM,
    )


def full_folders() -> tuple[str, ...]:
    """The folders that a run writes to in which there is no room."""
    return tuple(dict.fromkeys(str(folder) for folder in _written_to() if _room(folder) < _LITTLE))


def _primary_io(code: int | None) -> int:
    """SQLite's plain I/O error, if the code is a kind of it."""
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
    except Exception:  # it may be what could not be written
        return None


def _room(folder: Path) -> int:
    """Bytes that are free there; a folder that isn't made yet is looked at where it would be."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            break
    return _LITTLE
