"""What a wish to stop does to this process.

The first one ends it where nothing has to be finished, and elsewhere lets it finish what it is
at; the second one ends it, whatever it is at. Neither runs in the main thread (zenstrap.signals).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt
from zenstrap.signals import heard

FAREWELL_SECONDS = 3.0
"""For what is done before the end: more would feel as if the second Ctrl-C weren't heard."""

Rite = Callable[[], None]


def saying(what: str) -> Rite:
    """Tell on standard error that a request was heard, and what is done first."""
    return lambda: print(f"Interrupted: {what}. Once more stops at once.", file=sys.stderr)


class Stopping:
    """Signals from here to the end of the process.

    Attributes:
        interrupt: what works on learns of a request by it.
    """

    def __init__(self) -> None:
        self.interrupt = Interrupt()
        self._guard = threading.RLock()
        self._finishing: list[Rite] = []
        self._before_the_end: list[Rite] = []
        self._code: int | None = None

    def request(self) -> None:
        """Somebody wants a stop."""
        with self._guard:
            if self._code is not None and not self.interrupt.requested:
                self.interrupt.request()  # all is done, and being told
                return
            first = not self.interrupt.requested
            finishing = self._finishing[-1] if self._finishing else None
            self.interrupt.request()
            if not first or finishing is None:
                self._end()
        # It writes, and whoever reads that may be slow: the next request must not wait for it.
        threading.Thread(target=finishing, daemon=True).start()

    @contextmanager
    def finishing(self, tell: Rite, *, checked: bool = False) -> Iterator[None]:
        """Within this, the first request is only told, and whoever works looks for it.

        Args:
            tell: says that the request was heard.
            checked: raise at the end where a request came.

        Raises:
            InterruptedRunError: a stop was requested, if that is ``checked``.
        """
        with self._guard:
            self._finishing.append(tell)
        try:
            yield
        finally:
            with self._guard:
                self._finishing.remove(tell)
        if checked:
            self.interrupt.check()

    @contextmanager
    def before_the_end(self, rite: Rite) -> Iterator[None]:
        """Within this, ``rite`` is called before a request ends the process; the newest first."""
        with self._guard:
            self._before_the_end.append(rite)
        try:
            yield
        finally:
            with self._guard:
                self._before_the_end.remove(rite)

    def concluded(self, code: int) -> None:
        """All is done and has only to be told: from now on a request ends with this exit code."""
        with self._guard:
            self._code = code

    def _end(self) -> None:
        """Never returns."""
        code = InterruptedRunError.exit_code if self._code is None else self._code
        with suppress(RuntimeError):  # no more threads: then without a time limit
            late = threading.Timer(FAREWELL_SECONDS, os._exit, (code,))
            late.daemon = True
            late.start()
        for rite in reversed(self._before_the_end):
            with suppress(BaseException):
                rite()
        os._exit(code)


_current: Stopping | None = None


@contextmanager
def listening() -> Iterator[Stopping]:
    """Within this, signals are requests to stop."""
    global _current
    before, _current = _current, Stopping()
    try:
        with heard(_current.request):
            yield _current
    finally:
        _current = before


@contextmanager
def ensured() -> Iterator[Stopping]:
    """The stopping of whoever listens already; where nobody does, one that listens now."""
    if _current is not None:
        yield _current
        return
    with listening() as stopping:
        yield stopping


def current() -> Stopping:
    """This process's; one that hears nothing where nobody listens."""
    return _current or Stopping()
