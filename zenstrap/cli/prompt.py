"""Prompts on the terminal; input typed before the question is discarded."""

from __future__ import annotations

import os
import select
import sys
import termios
from contextlib import suppress

from zenstrap.errors import InterruptedRunError
from zenstrap.interrupt import Interrupt


def can_ask() -> bool:
    """Whether standard input and standard error are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, interrupt: Interrupt | None = None) -> str:
    """Show a question and return the line typed as an answer; empty at the end of the input.

    Args:
        interrupt: a stop request ends the prompt at once. Without it, Ctrl-C does.

    Raises:
        InterruptedRunError: a stop was requested, before or during the prompt.
    """
    terminal, stop = sys.stdin.fileno(), interrupt or Interrupt()
    with stop.waking() as woken:
        # An answer typed before the question was shown is not consent.
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
        # Read without a buffer: input after the line belongs to the next reader.
        read = os.read(terminal, 1024)
        if not read:
            break
        typed += read
    return typed.decode(sys.stdin.encoding or "utf-8", "replace")
