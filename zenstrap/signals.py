"""Ctrl-C, SIGTERM and SIGHUP, heard by a thread of their own.

What Python calls for a signal runs on top of whatever the main thread is at, in the middle of a
database's transaction too; and it doesn't run at all while that waits within C, as for the lock
on SQLite's file. So nothing is called there: the interpreter writes a signal's number into a
socket, and a thread reads it.
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

# SIGTERM is how a CI service stops a job, SIGHUP how a terminal tells that it was closed.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def heard(stop: Callable[[], None], again: Handler | None = None) -> Iterator[None]:
    """Within this, every signal that asks to stop calls ``stop``, in another thread.

    A SIGHUP that was ignored before still is (nohup). Outside of the main thread, which alone may
    take signals, nothing is heard.

    Args:
        again: called in the main thread for every signal but the first; by default nothing is.
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
    """Let a signal end the process with this exit code at once: before anybody listens, and after.

    For a process that is the command line; by default a signal's number would be its exit code.
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
    """Takes the place of the default, which would end the process."""


def _from_the_second_on(handler: Handler) -> Handler:
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            handler(number, frame)

    return handle
