"""What a stop request (Ctrl-C, SIGTERM, SIGHUP) does to this process.

The first request ends the process, or lets it finish the operation in progress if there is one; the
second request ends it at once. Neither is handled in the main thread (zenstrap.signals).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt
from zenstrap.signals import heard

FAREWELL_SECONDS = 3.0
"""Time limit of the callbacks before the end: after more, the second Ctrl-C would seem ignored."""

_UNSAID = b"Interrupted: ended at once. The next run continues from the current state.\n"

Rite = Callable[[], None]


def saying(what: str) -> Rite:
    """A callback that confirms a request on standard error, and says what is finished first."""
    return lambda: print(f"Interrupted: {what}. Once more stops at once.", file=sys.stderr)


class Stopping:
    """Handles stop requests until the process ends.

    Attributes:
        interrupt: by it, running work learns of a request.
    """

    def __init__(self) -> None:
        self.interrupt = Interrupt()
        self._guard = threading.RLock()
        self._finishing: list[Rite] = []
        self._before_the_end: list[Rite] = []
        self._code: int | None = None

    def request(self) -> None:
        """Handle a stop request."""
        with self._guard:
            if self._code is not None and not self.interrupt.requested:
                self.interrupt.request()  # all work is done, only the report isn't
                return
            first = not self.interrupt.requested
            finishing = self._finishing[-1] if self._finishing else None
            self.interrupt.request()
            if not first or finishing is None:
                self._end()
        # It writes to a terminal or pipe, which may block: the next request must not wait for it.
        threading.Thread(target=finishing, daemon=True).start()

    @contextmanager
    def finishing(self, tell: Rite, *, checked: bool = False) -> Iterator[None]:
        """Within this block, the first request is only confirmed; the work checks ``interrupt``.

        Args:
            tell: confirms the request to the user.
            checked: raise at the end of the block after a request.

        Raises:
            InterruptedRunError: a stop was requested, and ``checked`` is true.
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
        """Within this block, ``rite`` is called before a request ends the process, newest first."""
        with self._guard:
            self._before_the_end.append(rite)
        try:
            yield
        finally:
            with self._guard:
                self._before_the_end.remove(rite)

    def concluded(self, code: int) -> None:
        """The work is done, only the report isn't: a request now ends with this exit code."""
        with self._guard:
            self._code = code

    def _end(self) -> None:
        """Never returns."""
        code = InterruptedRunError.exit_code if self._code is None else self._code
        with suppress(RuntimeError):  # no thread can be started: no time limit
            late = threading.Timer(FAREWELL_SECONDS, self._end_unsaid, (code,))
            late.daemon = True
            late.start()
        for rite in reversed(self._before_the_end):
            with suppress(BaseException):
                rite()
        os._exit(code)

    def _end_unsaid(self, code: int) -> None:
        """The callbacks took too long; another thread may hold an import lock that they need."""
        with suppress(OSError):
            os.write(2, _UNSAID)
        os._exit(code)


class GuestStopping(Stopping):
    """In a process that isn't the command line's, such as a notebook: it must not be ended.

    The first request works as usual. The second one raises KeyboardInterrupt in the main thread.
    """

    def _end(self) -> None:
        pass


_current: Stopping | None = None
_unheeded = False  # a request during the last GuestStopping had no effect


@contextmanager
def listening() -> Iterator[Stopping]:
    """Within this block, signals are stop requests."""
    with _current_one(Stopping()) as stopping, heard(stopping.request):
        yield stopping


@contextmanager
def ensured() -> Iterator[Stopping]:
    """The active ``Stopping``; if there is none, a ``GuestStopping`` for this block.

    Raises:
        KeyboardInterrupt: a second signal came during a ``GuestStopping``.
    """
    global _unheeded
    if _current is not None:
        yield _current
        return
    _unheeded = False
    with (
        _current_one(GuestStopping()) as stopping,
        heard(stopping.request, again=signal.default_int_handler),
    ):
        yield stopping
    _unheeded = stopping.interrupt.requested


def heed() -> None:
    """Pass a stop request that came too late on to the caller.

    Raises:
        KeyboardInterrupt: it came during the last ``GuestStopping``, whose work was done already.
    """
    global _unheeded
    unheeded, _unheeded = _unheeded, False
    if unheeded:
        raise KeyboardInterrupt


@contextmanager
def _current_one(stopping: Stopping) -> Iterator[Stopping]:
    global _current
    before, _current = _current, stopping
    try:
        yield stopping
    finally:
        _current = before


def current() -> Stopping:
    """This process's active ``Stopping``; if there is none, one without signal handling."""
    return _current or Stopping()
