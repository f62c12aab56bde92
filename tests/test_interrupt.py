"""A wish to stop ends a wait."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt

LONG = 60.0


def test_a_wait_ends_by_itself() -> None:
    Interrupt().wait(0)


def test_a_signal_handler_ends_a_wait() -> None:
    interrupt = Interrupt()
    before = signal.signal(signal.SIGUSR1, lambda number, frame: interrupt.request())
    started = time.monotonic()
    timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(InterruptedRunError):
            interrupt.wait(LONG)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert time.monotonic() - started < LONG / 2


def test_an_earlier_request_ends_it_at_once() -> None:
    interrupt = Interrupt()
    interrupt.request()
    started = time.monotonic()
    with pytest.raises(InterruptedRunError):
        interrupt.wait(LONG)
    assert time.monotonic() - started < LONG / 2
