"""What a wish to stop does to this process.

The first one ends it where nothing has to be finished, and elsewhere lets it finish what it is
at; the second one ends it, whatever it is at. Neither runs in the main thread (zenstrap.signals).
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
"""For what is done before the end: more would feel as if the second Ctrl-C weren't heard."""

_UNSAID = b"Interrupted: ended at once. The next run takes over what is left.\n"

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
            late = threading.Timer(FAREWELL_SECONDS, self._end_unsaid, (code,))
            late.daemon = True
            late.start()
        for rite in reversed(self._before_the_end):
            with suppress(BaseException):
                rite()
        os._exit(code)

    def _end_unsaid(self, code: int) -> None:
        """What is there to tell couldn't be: another thread may be in the middle of an import."""
        with suppress(OSError):
            os.write(2, _UNSAID)
        os._exit(code)


class GuestStopping(Stopping):
    """In somebody else's process, which isn't ours to end.

    The first request is heard as ever. The second one is Python's own: KeyboardInterrupt in the
    main thread.
    """

    def _end(self) -> None:
        pass


_current: Stopping | None = None
_unheeded = False  # by the last guest


@contextmanager
def listening() -> Iterator[Stopping]:
    """Within this, signals are requests to stop."""
    with _current_one(Stopping()) as stopping, heard(stopping.request):
        yield stopping


@contextmanager
def ensured() -> Iterator[Stopping]:
    """The stopping of whoever listens already; where nobody does, a guest's.

    Raises:
        KeyboardInterrupt: a second signal came, and it is a guest's.
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
    """Hand a request that came too late to be acted on to whoever called.

    Raises:
        KeyboardInterrupt: one came while a guest listened, and what it did was done already.
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
    """This process's; one that hears nothing where nobody listens."""
    return _current or Stopping()
