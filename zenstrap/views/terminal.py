"""One way to make a rich console, so that colour, width and escaping are the same everywhere."""

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
"""Columns where there is no terminal to ask: fits a CI log and a pull request's comment."""


class SteadyConsole(Console):
    """Cuts nothing off at the edge, and outlives its terminal.

    What must not be broken (``unbroken``) runs on past the edge. A closed terminal ends the
    drawing; rich would end the process, in the middle of changing things.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        if self.is_terminal or len(objects) != 1:
            super().print(*objects, **{"crop": False, **options})
        else:  # rich fills lines with blanks, which a log would keep
            self.file.write(plain(objects[0], self.width))

    def on_broken_pipe(self) -> None:
        self.quiet = True


def console_on(stream: IO[str]) -> Console:
    """A console that takes nothing in a text for markup, emoji or something to highlight.

    NO_COLOR, FORCE_COLOR, TERM and COLUMNS are respected by rich.
    """
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # an arrow must not end a run under latin-1
    wide = stream.isatty() or "COLUMNS" in os.environ
    return SteadyConsole(
        file=stream,
        width=None if wide else PLAIN_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )


def plain(renderable: RenderableType, width: int = PLAIN_WIDTH) -> str:
    """A drawing as text without any control sequence, and without blanks at line ends."""
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
    """A command or address as one line, however long: a fold in it would be copied too."""
    yield Segment(f"  {text}", Style.parse(style))
    yield Segment.line()


def joined(parts: Iterable[tuple[str, str]]) -> Text:
    """Pieces of text, each with its style, as one text that folds only where it must."""
    text = Text(overflow="fold")
    for content, style in parts:
        text.append(content, style=style or None)
    return text
