"""Errors for records in ZenML's database that ZenML can't read; they name the record."""

from __future__ import annotations

import traceback
from types import FrameType
from typing import Final

from zenstrap.errors import RegistryError, causes
from zenstrap.zenml_private.calls import SCHEMAS

_DRIVERS: Final = "sqlalchemy."  # converts columns to Python values
_READ_ERRORS: Final = (ValueError, TypeError, LookupError)


def unreadable(error: BaseException, url: str | None = None) -> RegistryError | None:
    """The error that names the unreadable record behind an exception; None for other exceptions.

    Only for a local database: a ZenML server reads its records itself and reports its own errors.

    Args:
        url: the address of the store, if known.
    """
    for cause in causes(error):
        if isinstance(cause, _READ_ERRORS) and (record := _record(cause)) is not None:
            return RegistryError(
                f"{record} can't be read",
                where=url,
                why=f"ZenML reports {type(cause).__name__}: {str(cause).partition(chr(10))[0]}. "
                "The database was changed by another program, or is damaged",
                fix="Restore ZenML's database from a backup, or correct that record. zenstrap "
                "doesn't treat it as missing",
            )
    return None


def _record(error: BaseException) -> str | None:
    """The record that was being read, by table and name."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        if _module(frame).startswith(SCHEMAS):
            record = frame.f_locals.get("self")
            table = getattr(type(record), "__tablename__", None)
            if table is None or frame.f_code.co_name.startswith("update"):
                return None  # the error is in the data to be written
            loaded = vars(record)  # reading an attribute may query the database
            name = loaded.get("name") or loaded.get("id")
            return f"ZenML's record of the {str(table).replace('_', ' ')} {name}"
    if frames and _module(frames[-1]).startswith(_DRIVERS):
        return "a record in ZenML's database"
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
