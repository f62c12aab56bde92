"""Records in ZenML's own database that ZenML can't read: told as such, each by its name."""

from __future__ import annotations

import traceback
from types import FrameType
from typing import Final

from zenstrap.errors import RegistryError, causes
from zenstrap.zenml_private.calls import SCHEMAS

_DRIVERS: Final = "sqlalchemy."  # what makes Python values of a column's
_SAID: Final = (ValueError, TypeError, LookupError)


def unreadable(error: BaseException, url: str | None = None) -> RegistryError | None:
    """The error that names the record, where an error comes of one; None elsewhere.

    A ZenML server reads its records itself, and tells in its own words.

    Args:
        url: the address of the store; for whoever knows it.
    """
    for one in causes(error):
        if isinstance(one, _SAID) and (record := _record(one)) is not None:
            return RegistryError(
                f"{record} can't be read",
                where=url,
                why=f"ZenML says: {type(one).__name__}: {str(one).partition(chr(10))[0]}. The "
                "database was changed by something else, or is damaged",
                fix="Restore ZenML's database from a backup, or put that record right in it. "
                "Nothing is taken for missing meanwhile",
            )
    return None


def _record(error: BaseException) -> str | None:
    """What was being read, as people would find it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        if _module(frame).startswith(SCHEMAS):
            record = frame.f_locals.get("self")
            table = getattr(type(record), "__tablename__", None)
            if table is None or frame.f_code.co_name.startswith("update"):
                return None  # what was to be written was wrong
            loaded = vars(record)  # asking the record itself may ask the database
            name = loaded.get("name") or loaded.get("id")
            return f"ZenML's record of the {str(table).replace('_', ' ')} {name}"
    if frames and _module(frames[-1]).startswith(_DRIVERS):
        return "a record in ZenML's database"
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
