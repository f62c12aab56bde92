"""A cooperative stop request.

The signal handling (zenstrap.stopping) calls ``request``; long work calls ``check`` between two
steps, or registers a callback if it must be woken.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from zenstrap.errors import InterruptedRunError
from zenstrap.log import LOGGER

Callback = Callable[[int], None]


class Interrupt:
    """Counts the stop requests: the first asks to stop, every further one insists."""

    def __init__(self) -> None:
        self._count = 0
        self._callbacks: dict[object, Callback] = {}
        # Reentrant: a signal handler may interrupt the thread that holds it.
        self._guard = threading.RLock()

    @property
    def requested(self) -> bool:
        return self._count > 0

    @property
    def count(self) -> int:
        """How often ``request`` was called."""
        return self._count

    def request(self) -> None:
        """Ask running work to stop; a second call asks it to stop at once.

        Callbacks are called with the number of the request, in the caller's thread. They must
        neither block nor raise.
        """
        with self._guard:
            self._count += 1
            for callback in list(self._callbacks.values()):
                callback(self._count)

    def wait(self, seconds: float) -> None:
        """Pause; a stop request ends the pause at once.

        Raises:
            InterruptedRunError: a stop was requested, before or during the pause.
        """
        LOGGER.debug("waiting %g s", seconds)
        until = time.monotonic() + seconds
        with self.waking() as woken:
            while not self.requested and (remaining := until - time.monotonic()) > 0:
                if select.select([woken], [], [], remaining)[0]:
                    os.read(woken, 512)
        self.check()

    @contextmanager
    def waking(self) -> Iterator[int]:
        """A descriptor that becomes readable when a stop is requested."""
        end, start = os.pipe()
        os.set_blocking(start, False)
        try:
            with self.on_request(lambda number: _write(start)):
                yield end
        finally:
            os.close(start)
            os.close(end)

    def check(self) -> None:
        """Raise ``InterruptedRunError`` if a stop was requested."""
        if self.requested:
            raise InterruptedRunError("interrupted", why="a stop was requested")

    @contextmanager
    def on_request(self, callback: Callback) -> Iterator[None]:
        """Call ``callback(number)`` at each request while the block runs.

        After requests from before the block, the callback is called at once with the number of the
        latest. So a callback may be called twice for the same request.
        """
        key = object()
        with self._guard:
            self._callbacks[key] = callback
            if self._count:
                callback(self._count)
        try:
            yield
        finally:
            with self._guard:  # waits for calls in progress
                del self._callbacks[key]


def _write(pipe: int) -> None:
    with suppress(BlockingIOError):  # the pipe is full, so its reader is woken anyway
        os.write(pipe, b".")
