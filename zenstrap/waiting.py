"""Notices about long waits, so that the user doesn't wonder whether the program hangs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

TELL_SECONDS = 10.0
"""A shorter wait needs no notice. No wait is silent for more than about 15 seconds then."""

Tell = Callable[[str], None]


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


_tell: Tell = _to_stderr


@contextmanager
def told_by(tell: Tell) -> Iterator[None]:
    """Within this block, ``tell`` gets the notices instead of standard error, from any thread."""
    global _tell
    before, _tell = _tell, tell
    try:
        yield
    finally:
        _tell = before


@contextmanager
def waiting_for(what: str, seconds: float | None = None) -> Iterator[None]:
    """Show what the block waits for, once, if it takes long.

    Args:
        what: as in "Waiting for …".
        seconds: the time limit of the wait, if it has one.
    """
    until = ""
    if seconds is not None:
        until = f", until {datetime.now() + timedelta(seconds=seconds):%H:%M:%S} at the latest"
    timer = threading.Timer(TELL_SECONDS, lambda: _tell(f"Waiting for {what}{until}"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
