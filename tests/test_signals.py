"""Signals are heard by a thread, whatever the main thread is at."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt
from zenstrap.signals import STOPPING, heard

LIMIT = 30.0  # seconds; generous, since a busy machine is no failure


@pytest.mark.parametrize("number", STOPPING)
def test_each_is_heard_and_ends_a_wait(number: signal.Signals) -> None:
    interrupt = Interrupt()
    with heard(interrupt.request):
        os.kill(os.getpid(), number)
        with pytest.raises(InterruptedRunError):
            interrupt.wait(LIMIT)


def test_no_code_of_ours_runs_in_the_main_thread() -> None:
    threads: list[threading.Thread] = []
    done = threading.Event()

    def stop() -> None:
        threads.append(threading.current_thread())
        done.set()

    with heard(stop):
        os.kill(os.getpid(), signal.SIGINT)
        assert done.wait(LIMIT)
    assert threads != [threading.main_thread()]


def test_it_is_heard_while_the_main_thread_waits_within_c() -> None:
    """As for SQLite's lock: Python's own handler would only be called when that returns."""
    lock, waiting = threading.Lock(), threading.Event()
    lock.acquire()

    def press() -> None:
        waiting.wait(LIMIT)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with heard(lock.release):  # nothing else ends the wait
        waiting.set()
        assert lock.acquire(timeout=LIMIT)
    presser.join()


def test_afterwards_all_is_as_before() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    with heard(lambda: None):
        assert [signal.getsignal(number) for number in STOPPING] != before
    assert [signal.getsignal(number) for number in STOPPING] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    """As nohup leaves it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with heard(lambda: None):
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_of_the_main_thread_nothing_is_taken() -> None:
    before = signal.getsignal(signal.SIGINT)
    found = []

    def elsewhere() -> None:
        with heard(lambda: None):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [before]
