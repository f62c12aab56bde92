"""The log: what a run did, to diagnose a failure later.

logging.getLogger("zenstrap")   DEBUG: Terraform's command lines, calls of services with
                                status and duration, writes to ZenML's registry, waits
written_to(name)                into a file, redacted
shown()                         on standard error (`--debug`)
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from zenstrap import paths
from zenstrap.redaction import redact

LOGGER: Final = logging.getLogger("zenstrap")
LOGGER.addHandler(logging.NullHandler())
LOGGER.propagate = False  # ZenML shows everything that reaches the root logger
KEPT: Final = 20
"""Log files; the oldest are deleted when a new one is created."""

_FORMAT: Final = "%(asctime)s.%(msecs)03dZ %(message)s"
_DATE: Final = "%Y-%m-%dT%H:%M:%S"
_file: Path | None = None


class _Redacted(logging.Formatter):
    """One line per record, except for tracebacks; secrets are redacted."""

    converter = time.gmtime  # type: ignore[assignment]

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


@contextmanager
def written_to(name: str) -> Iterator[None]:
    """Within this block, the log is written to a file, if one can be created.

    Args:
        name: of the run; the file's name starts with the time.
    """
    global _file
    file = paths.logs_folder() / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{name}.log"
    try:
        handler = _opened(file)
    except OSError:
        yield
        return
    before, _file = _file, file
    with _handled_by(handler):
        try:
            yield
        finally:
            _file = before
            handler.close()


@contextmanager
def shown() -> Iterator[None]:
    """Within this block, the log is shown on standard error."""
    with _handled_by(logging.StreamHandler(sys.stderr)):
        yield


def took(started: float) -> str:
    """How long a call took, for its log line.

    Args:
        started: from ``time.monotonic()``.
    """
    return f", {(time.monotonic() - started) * 1000:.0f} ms"


def current_file() -> Path | None:
    """The file that the log is written to now, if any."""
    return _file


def _opened(file: Path) -> logging.Handler:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(file.parent.glob("*.log"))[: 1 - KEPT]:
        with suppress(OSError):
            old.unlink()
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return logging.FileHandler(file, encoding="utf-8")


@contextmanager
def _handled_by(handler: logging.Handler) -> Iterator[None]:
    handler.setFormatter(_Redacted(_FORMAT, _DATE))
    before = LOGGER.level
    LOGGER.setLevel(logging.DEBUG)
    LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(before)
