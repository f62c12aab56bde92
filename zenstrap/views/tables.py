"""Tables of one style: aligned columns, bold headings, no borders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from zenstrap.views.text import clean

STATUS_STYLES = {
    "completed": "green",
    "done": "green",
    "passed": "green",
    "current": "green",
    "running": "cyan",
    "failed": "bold red",
    "dead": "bold red",
    "stopped": "yellow",
    "interrupted": "yellow",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Cleans every cell; a cell that begins with a status is coloured."""
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for head in heads:
        drawn.add_column(head, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    return drawn


def _cell(value: str) -> Text:
    text = clean(value)
    return Text(text, style=STATUS_STYLES.get(text.partition(" ")[0], ""), overflow="fold")
