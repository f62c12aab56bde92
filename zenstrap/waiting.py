"""What is being waited for, told where it takes long: nobody should wonder whether it hangs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

TELL_SECONDS = 10.0
"""What takes less needs no word. Nothing stays silent for more than some 15 seconds then."""

Tell = Callable[[str], None]


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


_tell: Tell = _to_stderr


@contextmanager
def told_by(tell: Tell) -> Iterator[None]:
    """Within this, notices go to ``tell`` instead of standard error, from any thread."""
    global _tell
    before, _tell = _tell, tell
    try:
        yield
    finally:
        _tell = before


@contextmanager
def waiting_for(what: str, seconds: float | None = None) -> Iterator[None]:
    """Tell what the block waits for, once, if it takes long.

    Args:
        what: as in "Waiting for …".
        seconds: how long it can take at most, where that is known.
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
