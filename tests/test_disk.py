"""A full disk is told as what it is, whoever met it."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from zenstrap import disk
from zenstrap.errors import PartlyDoneError, ZenstrapError


def full(number: int = errno.ENOSPC) -> OSError:
    return OSError(number, "No space left on device", "/data/run/plan")


def chained(outer: Exception, inner: Exception) -> Exception:
    """As one is raised while another one is being handled, by a library that knows of neither."""
    try:
        try:
            raise inner
        except Exception:
            raise outer  # noqa: B904
    except Exception as error:
        return error


def database(code: int) -> Exception:
    """What ZenML's database says through SQLAlchemy."""
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return chained(OperationalError("UPDATE x SET y = ?", ("a secret",), error), error)


@pytest.mark.parametrize(
    "error",
    [
        full(),
        full(errno.EDQUOT),
        chained(KeyError("x"), full()),
        database(sqlite3.SQLITE_FULL),
        RuntimeError("local-exec: write error: No space left on device"),
    ],
)
def test_it_is_told_in_our_words(error: Exception) -> None:
    told = disk.full_disk(error)
    assert isinstance(told, ZenstrapError) and "full" in told.what and told.fix
    assert "a secret" not in str(told)


def test_the_file_is_named() -> None:
    told = disk.full_disk(chained(ValueError(), full()))
    assert isinstance(told, ZenstrapError) and told.where == "/data/run/plan"


def test_what_is_known_of_the_work_goes_before_what_failed_afterwards() -> None:
    """ZenML can't record the end of a run on a full disk: that isn't what there is to tell."""
    ours = PartlyDoneError("the state could not be saved", why="2 of 3 changes were made")
    assert disk.full_disk(chained(database(sqlite3.SQLITE_FULL), ours)) is ours


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        OSError(errno.EACCES, "Permission denied", "/x"),
        chained(KeyError("a bug"), PartlyDoneError("the state could not be saved")),
        database(sqlite3.SQLITE_CORRUPT).__cause__ or sqlite3.OperationalError("locked"),
    ],
)
def test_everything_else_stays_what_it_is(error: Exception) -> None:
    assert disk.full_disk(error) is None


@pytest.mark.parametrize(("free", "is_full"), [(10**9, False), (0, True)])
def test_an_io_error_of_a_database_is_one_where_there_is_no_room(
    free: int, is_full: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENSTRAP_HOME", str(tmp_path / "not made yet"))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    monkeypatch.setattr(disk, "_free_bytes", lambda folder: free)
    assert disk.is_full(error) == is_full
