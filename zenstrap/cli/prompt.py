"""The one way in which a person is asked: what was typed before the question is no answer to it."""

from __future__ import annotations

import os
import select
import sys
import termios
from contextlib import nullcontext, suppress

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
    terminal = sys.stdin.fileno()
    end, start = os.pipe()
    try:
        # A pipe, because a signal's handler alone doesn't end a read.
        woken = interrupt.on_request(lambda number: _wake(start)) if interrupt else nullcontext()
        with woken:
            # Consent to something that wasn't shown yet is none.
            with suppress(termios.error):
                termios.tcflush(terminal, termios.TCIFLUSH)
            print(question, end="", file=sys.stderr, flush=True)
            return _line(terminal, end)
    finally:
        os.close(start)
        os.close(end)


def _line(terminal: int, stop: int) -> str:
    typed = b""
    while not typed.endswith(b"\n"):
        ready, _, _ = select.select([terminal, stop], [], [])
        if stop in ready:
            print(file=sys.stderr)
            raise InterruptedRunError("interrupted at a question", why="a stop was requested")
        # Read without a buffer: what comes behind the line isn't ours.
        read = os.read(terminal, 1024)
        if not read:
            break
        typed += read
    return typed.decode(sys.stdin.encoding or "utf-8", "replace")


def _wake(pipe: int) -> None:
    os.write(pipe, b".")
