"""What one and two wishes to stop do to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import IO

import pytest

from zenstrap.paths import project_root
from zenstrap.stopping import Stopping

HEAD = """
import os, sqlite3, sys, threading, time
from zenstrap import stopping
from zenstrap.errors import InterruptedRunError

def say(text):
    os.write(1, (text + "\\n").encode())
"""


@dataclass
class Child:
    process: subprocess.Popen[str]

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def says(self, line: str) -> None:
        assert self.out.readline() == f"{line}\n"

    def signal(self, number: int = signal.SIGINT) -> None:
        os.kill(self.process.pid, number)

    def ends_with(self, code: int) -> str:
        """Its last words."""
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == code, out
        return out


def child(code: str) -> Child:
    return Child(
        subprocess.Popen(
            [sys.executable, "-c", HEAD + code],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=project_root(),
        )
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_ends_a_process_that_has_nothing_to_finish(number: int) -> None:
    it = child("""
with stopping.listening() as stop, stop.before_the_end(lambda: say("farewell")):
    say("began")
    time.sleep(600)
""")
    it.says("began")
    it.signal(number)
    assert it.ends_with(130) == "farewell\n"


def test_elsewhere_it_is_told_and_the_work_goes_on_to_a_safe_point() -> None:
    it = child("""
with stopping.listening() as stop:
    with stop.finishing(lambda: say("heard")):
        say("began")
        try:
            stop.interrupt.wait(600)
        except InterruptedRunError:
            say("a safe point")
    sys.exit(7)
""")
    it.says("began")
    it.signal()
    assert sorted(it.ends_with(7).splitlines()) == ["a safe point", "heard"]


def test_the_second_ends_it_also_while_it_waits_for_sqlites_lock() -> None:
    """That wait is a minute long in ZenML, and no handler of Python's is called meanwhile."""
    it = child("""
import tempfile
folder = tempfile.TemporaryDirectory()
file = folder.name + "/db"
holder = sqlite3.connect(file)
holder.execute("create table t (x)")
holder.execute("begin exclusive")

def clean():
    folder.cleanup()
    say("cleaned")

with stopping.listening() as stop, stop.before_the_end(clean):
    with stop.finishing(lambda: say("heard")):
        say("began")
        sqlite3.connect(file, timeout=600).execute("insert into t values (1)")
""")
    it.says("began")
    it.signal()
    it.says("heard")
    it.signal()
    assert it.ends_with(130) == "cleaned\n"


def test_whoever_hears_it_may_hang() -> None:
    it = child("""
def hang():
    say("hanging")
    threading.Event().wait()

with stopping.listening() as stop, stop.before_the_end(lambda: say("farewell")):
    with stop.finishing(hang):
        say("began")
        time.sleep(600)
""")
    it.says("began")
    it.signal()
    it.says("hanging")
    it.signal()
    assert it.ends_with(130) == "farewell\n"


def test_so_may_a_farewell_but_not_for_long() -> None:
    it = child("""
stopping.FAREWELL_SECONDS = 0.1
with stopping.listening() as stop, stop.before_the_end(threading.Event().wait):
    say("began")
    time.sleep(600)
""")
    it.says("began")
    it.signal()
    end = "Interrupted: ended at once. The next run continues from the current state.\n"
    assert it.ends_with(130) == end


def test_a_farewell_that_fails_keeps_none_of_the_others() -> None:
    it = child("""
with (
    stopping.listening() as stop,
    stop.before_the_end(lambda: say("farewell")),
    stop.before_the_end(lambda: 1 / 0),
):
    say("began")
    time.sleep(600)
""")
    it.says("began")
    it.signal()
    assert it.ends_with(130) == "farewell\n"


def test_what_has_ended_is_told_to_its_end() -> None:
    it = child("""
with stopping.listening() as stop, stop.before_the_end(lambda: say("farewell")):
    stop.concluded(2)
    say("began")
    while not stop.interrupt.requested:
        time.sleep(0.01)
    say("told")
    time.sleep(600)
""")
    it.says("began")
    it.signal()
    it.says("told")
    it.signal()
    assert it.ends_with(2) == "farewell\n"


def test_what_is_told_is_what_was_going_on_when_it_came() -> None:
    """Not what goes on once somebody comes round to telling it, in a thread of its own."""
    told: list[str] = []
    stop = Stopping()
    with stop.finishing(lambda: told.append("work")):
        with stop.finishing(lambda: told.append("question")):
            threads = set(threading.enumerate())
            stop.request()
        for thread in set(threading.enumerate()) - threads:
            thread.join()
    assert told == ["question"]
