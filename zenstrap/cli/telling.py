"""Where a command's result goes, in the form that was asked for: told once, whatever happens."""

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
    """One command's result.

    Args:
        words: the command line.
        stdout: the stream for data; the process's own by default.

    Attributes:
        json: one object is wanted.
        events: it is wanted as the last event.
        stdout: what steps print doesn't go there, whatever `sys.stdout` is meanwhile.
    """

    def __init__(self, words: Iterable[str] = (), stdout: IO[str] | None = None) -> None:
        given = set(words)
        self.json = "--json" in given
        self.events = "--events" in given and not self.json
        self.stdout = stdout or sys.stdout
        self._once = threading.Lock()

    @property
    def is_data(self) -> bool:
        """Whether programs read the result."""
        return self.json or self.events

    def begin(self, code: int) -> bool:
        """Whether the result is still to be told; whoever asks first tells it.

        Args:
            code: the exit code from now on.
        """
        # First, so that a request that is ending the process keeps us from taking its word.
        stopping.current().concluded(code)
        return self._once.acquire(blocking=False)

    def result(self, found: JsonObject, code: int) -> None:
        """Write the result as data."""
        if self.begin(code):
            self.write(found)

    def write(self, found: JsonObject) -> None:
        """Write it where `begin` said so."""
        from zenstrap.views.json_view import dumps
        from zenstrap.views.ndjson import result_line

        self.stdout.write(result_line(found) if self.events else dumps(found))
        self.stdout.flush()

    def error(self, error: ZenstrapError) -> int:
        """Tell of a command that came to nothing; its exit code."""
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
