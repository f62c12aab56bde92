"""Writes a command's result exactly once, as text, JSON object or last event."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from zenstrap import stopping
from zenstrap.errors import ZenstrapError

if TYPE_CHECKING:
    from zenstrap.views.json_view import JsonObject


class Telling:
    """Writes the result of one command.

    Args:
        words: the command line.
        stdout: the stream for data; the process's own by default.

    Attributes:
        json: whether the result is printed as a JSON object.
        events: whether the result is printed as the last event.
        stdout: the command's standard output; output of steps isn't written to it.
    """

    def __init__(self, words: Iterable[str] = (), stdout: IO[str] | None = None) -> None:
        options = set(words)
        self.json = "--json" in options
        self.events = "--events" in options and not self.json
        self.stdout = stdout or sys.stdout
        self._once = threading.Lock()

    @property
    def is_data(self) -> bool:
        """Whether the result is printed as JSON."""
        return self.json or self.events

    def begin(self, code: int) -> bool:
        """Whether the caller must write the result: True for the first call only.

        Args:
            code: the command's exit code, also if a signal ends the process from now on.
        """
        # Before the lock: blocks if a signal is ending the process, which then writes the result.
        stopping.current().concluded(code)
        return self._once.acquire(blocking=False)

    def result(self, data: JsonObject, code: int) -> None:
        """Write the result as data."""
        if self.begin(code):
            self.write(data)

    def write(self, data: JsonObject) -> None:
        """Write the result, after `begin` returned True."""
        from zenstrap.views.json_view import dumps
        from zenstrap.views.ndjson import result_line

        self.stdout.write(result_line(data) if self.events else dumps(data))
        self.stdout.flush()

    def error(self, error: ZenstrapError) -> int:
        """Write the error of a command that failed without a summary; returns its exit code."""
        code = error.exit_code
        if not self.begin(code):
            return code
        if self.is_data:
            from zenstrap.views.json_view import error_object

            self.write(error_object(error))
        else:
            from zenstrap.views.summary import error_text

            sys.stderr.write(error_text(error))
            sys.stderr.flush()
        return code
