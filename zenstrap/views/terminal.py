"""Creates rich consoles, so that colour, width and escaping are the same everywhere."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

PLAIN_WIDTH = 100
"""Columns where there is no terminal: fits a CI log and a comment on a pull request."""


class SteadyConsole(Console):
    """Never crops lines, and survives a closed terminal.

    Lines that must not be wrapped (``unbroken``) may be wider than the terminal. A closed terminal
    ends the drawing; rich would end the process, in the middle of an apply.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        if self.is_terminal or len(objects) != 1:
            super().print(*objects, **{"crop": False, **options})
        else:  # rich pads lines with spaces, which would end up in a log
            self.file.write(plain(objects[0], self.width))

    def on_broken_pipe(self) -> None:
        self.quiet = True


def console_on(stream: IO[str]) -> Console:
    """A console without markup, emoji codes and highlighting in texts.

    rich respects NO_COLOR, FORCE_COLOR, TERM and COLUMNS.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # an arrow must not fail under latin-1
    wide = stream.isatty() or "COLUMNS" in os.environ
    return SteadyConsole(
        file=stream,
        width=None if wide else PLAIN_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )


def plain(renderable: RenderableType, width: int = PLAIN_WIDTH) -> str:
    """A renderable as text without control sequences and without spaces at line ends."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        color_system=None,
        force_terminal=False,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
    )
    console.print(renderable, crop=False)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def unbroken(text: str, style: str = "cyan") -> Iterator[Segment]:
    """A command or address on one line, however long: a line break would be copied with it."""
    yield Segment(f"  {text}", Style.parse(style))
    yield Segment.line()


def joined(parts: Iterable[tuple[str, str]]) -> Text:
    """Pieces of text, each with its style, as one text that wraps only where it must."""
    text = Text(overflow="fold")
    for content, style in parts:
        text.append(content, style=style or None)
    return text
