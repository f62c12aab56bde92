"""One person's wish to stop, handed to whatever is running.

The command line's signal handler calls ``request``; long work calls ``check`` between two steps,
or registers a callback where it must be woken. ``request`` takes no lock that anybody can hold
and never blocks, so it is safe in a signal handler that interrupts its own thread anywhere.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from zenstrap.errors import InterruptedRunError

Callback = Callable[[int], None]


class Interrupt:
    """Counts the requests to stop: the first asks, every further one insists."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)  # next() is atomic where += is not
        self._count = 0
        self._callbacks: dict[object, Callback] = {}

    @property
    def requested(self) -> bool:
        return self._count > 0

    @property
    def count(self) -> int:
        """How often ``request`` was called."""
        return self._count

    def request(self) -> None:
        """Ask everything that runs to stop; a second call asks it to stop at once.

        Callbacks are called with the number of the request, in the caller's thread. They must
        neither block nor raise.
        """
        number = next(self._numbers)
        self._count = max(self._count, number)
        for callback in list(self._callbacks.values()):
            callback(number)

    def wait(self, seconds: float) -> None:
        """Pause; a request to stop ends it at once.

        Raises:
            InterruptedRunError: a stop was requested, before or meanwhile.
        """
        until = time.monotonic() + seconds
        with self.waking() as woken:
            while not self.requested and (left := until - time.monotonic()) > 0:
                if select.select([woken], [], [], left)[0]:
                    os.read(woken, 512)
        self.check()

    @contextmanager
    def waking(self) -> Iterator[int]:
        """A descriptor that becomes readable when a stop is requested, and maybe without.

        A pipe, because a request may come from a signal's handler on top of a wait for it. Python
        runs that only when the wait has returned, so the signal itself writes into the pipe, too.
        """
        end, start = os.pipe()
        os.set_blocking(start, False)
        in_main = threading.current_thread() is threading.main_thread()
        before = signal.set_wakeup_fd(start, warn_on_full_buffer=False) if in_main else None
        try:
            with self.on_request(lambda number: _write(start)):
                yield end
        finally:
            if before is not None:
                signal.set_wakeup_fd(before)
            os.close(start)
            os.close(end)

    def check(self) -> None:
        """Raise ``InterruptedRunError`` if a stop was requested."""
        if self.requested:
            raise InterruptedRunError("interrupted", why="a stop was requested")

    @contextmanager
    def on_request(self, callback: Callback) -> Iterator[None]:
        """Call ``callback(number)`` at each request while the block runs.

        Requests from before the block count: the callback is then called at once with the number
        of the latest. So a callback can hear of one request twice and has to bear that.
        """
        key = object()
        self._callbacks[key] = callback
        try:
            if self._count:
                callback(self._count)
            yield
        finally:
            self._callbacks.pop(key, None)


def _write(pipe: int) -> None:
    with suppress(BlockingIOError):  # it is full: whoever waits is woken
        os.write(pipe, b".")
