"""A full disk is told as what it is, whoever met it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from zenstrap import disk
from zenstrap.errors import FullDiskError, PartlyDoneError, ZenstrapError


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


def disk_of(monkeypatch: pytest.MonkeyPatch, *, inodes: int, of: int) -> None:
    """A disk with much room, and some inodes left."""
    monkeypatch.setattr(
        "os.statvfs", lambda folder: SimpleNamespace(f_files=of, f_favail=inodes, f_ffree=inodes)
    )
    monkeypatch.setattr(disk, "_free_bytes", lambda folder: 10**9)


def test_a_disk_without_inodes_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENSTRAP_HOME", str(tmp_path))
    disk_of(monkeypatch, inodes=0, of=30)
    told = disk.full_disk(full())
    assert isinstance(told, FullDiskError)
    assert told.what == "the disk is full (no inodes left)" and told.where == "/data/run/plan"
    assert str(tmp_path) in str(told.fix) and "each takes an inode" in str(told.fix)
    assert disk.is_full(database(sqlite3.SQLITE_IOERR_WRITE).__context__ or KeyError())


def test_a_disk_that_does_not_count_inodes_is_not_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENSTRAP_HOME", str(tmp_path))
    disk_of(monkeypatch, inodes=0, of=0)
    assert disk.full_folders() == ()


def test_the_disk_of_the_file_itself_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_free_bytes", lambda one: 10 * (str(one) != "/data/run") << 20)
    told = disk.full_disk(full())
    assert told is not None and "Make room in /data/run, then" in str(told.fix)


LIMITED = """
import resource, sqlite3, sys
from pathlib import Path
from zenstrap import disk, plain_files
def lines(error):
    told = disk.full_disk(error)
    print(told and told.what, "|", told and told.where, "|", told and told.fix)
folder = Path(sys.argv[1])
database = sqlite3.connect(folder / "zenml.db")
database.execute("create table t (x)")
database.commit()
(folder / "large").write_bytes(bytes(90000))
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
try:
    plain_files.write_privately(folder / "plan", bytes(90000))
except OSError as error:
    lines(error)
try:
    with database:
        database.executemany("insert into t values (?)", [("x" * 1000,)] * 100)
except sqlite3.Error as error:
    lines(error)
try:
    plain_files.read(folder / "large", 10)
except OSError as error:
    lines(error)
lines(RuntimeError("write errored.tfstate: file too large"))
"""


def test_the_limit_of_file_sizes_is_told_as_what_it_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    environment = os.environ | {"ZENSTRAP_HOME": str(tmp_path)}
    printed = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    what = "a file may not grow: the limit of file sizes is 65536 bytes"
    python, sqlite, too_large_to_read, foreign = printed.splitlines()
    assert all(line.startswith(what) and "ulimit -f" in line for line in (python, sqlite, foreign))
    assert too_large_to_read.startswith("None")


def test_without_a_limit_such_words_mean_something_else() -> None:
    assert not disk.says_full("the upload was refused: file too large")
    assert disk.full_disk(OSError(errno.EFBIG, "File too large", "/x")) is None
