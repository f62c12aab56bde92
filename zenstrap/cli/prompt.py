"""The one way in which a person is asked: what was typed before the question is no answer to it."""

from __future__ import annotations

import os
import select
import sys
import termios
from contextlib import suppress

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt


def can_ask() -> bool:
    """Whether somebody sits at a terminal, sees a question and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, interrupt: Interrupt | None = None) -> str:
    """Show a question and return the line that is typed as an answer; empty at the input's end.

    Args:
        interrupt: a request to stop ends the question at once. Without one, Ctrl-C does.

    Raises:
        InterruptedRunError: a stop was requested, before or meanwhile.
    """
    terminal, stop = sys.stdin.fileno(), interrupt or Interrupt()
    with stop.waking() as woken:
        # Consent to something that wasn't shown yet is none.
        with suppress(termios.error):
            termios.tcflush(terminal, termios.TCIFLUSH)
        print(question, end="", file=sys.stderr, flush=True)
        return _line(terminal, stop, woken)


def _line(terminal: int, stop: Interrupt, woken: int) -> str:
    typed = b""
    while not typed.endswith(b"\n"):
        if stop.requested:
            print(file=sys.stderr)
            raise InterruptedRunError("interrupted at a question", why="a stop was requested")
        ready, _, _ = select.select([terminal, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            continue
        # Read without a buffer: what comes behind the line isn't ours.
        read = os.read(terminal, 1024)
        if not read:
            break
        typed += read
    return typed.decode(sys.stdin.encoding or "utf-8", "replace")
