"""Ctrl-C, SIGTERM and SIGHUP, handled in a separate thread.

A Python signal handler interrupts the main thread at any point, also within a database transaction;
and it doesn't run while the main thread waits in C code, for example for SQLite's file lock. So the
handlers do nothing: the interpreter writes the signal's number to a socket, and a thread reads it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object]

# A CI service stops a job with SIGTERM; a closed terminal sends SIGHUP.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heard(stop: Callable[[], None], again: Handler | None = None) -> Iterator[None]:
    """Within this block, every signal that asks to stop calls ``stop``, in another thread.

    A SIGHUP that was ignored before is still ignored (nohup). Outside of the main thread, where no
    signal handlers can be set, this does nothing.

    Args:
        again: called in the main thread for every signal but the first, if given.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, interpreters = socket.socketpair()
    interpreters.setblocking(False)
    thread = threading.Thread(target=_listen, args=(ours, stop), name="signals", daemon=True)
    thread.start()
    before_fd = signal.set_wakeup_fd(interpreters.fileno(), warn_on_full_buffer=False)
    handler = _nothing if again is None else _from_the_second_on(again)
    before = {number: signal.signal(number, handler) for number in STOPPING if _is_heard(number)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier if earlier is not None else signal.SIG_DFL)
        signal.set_wakeup_fd(before_fd)
        interpreters.close()
        thread.join()
        ours.close()


def end_with(code: int) -> None:
    """Make a signal end the process at once with this exit code, while ``heard`` isn't active.

    For the command line's own process; by default the exit code would depend on the signal.
    """
    for number in filter(_is_heard, STOPPING):
        signal.signal(number, lambda *_: os._exit(code))


def _listen(ours: socket.socket, stop: Callable[[], None]) -> None:
    while numbers := ours.recv(512):
        for number in numbers:
            if number in STOPPING:
                stop()


def _is_heard(number: signal.Signals) -> bool:
    return number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN


def _nothing(number: int, frame: FrameType | None) -> None:
    """Replaces the default handler, which would end the process."""


def _from_the_second_on(handler: Handler) -> Handler:
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            handler(number, frame)

    return handle
