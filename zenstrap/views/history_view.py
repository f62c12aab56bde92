"""``history``: the runs of an environment, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from zenstrap.views.tables import STATUS_STYLES, table
from zenstrap.views.terminal import PLAIN_WIDTH, joined, plain
from zenstrap.views.text import clean, duration, stamp
from zenstrap.words import count

_TABLE_WIDTH = 116  # columns; a table with run names of usual length fits


@dataclass(frozen=True)
class RunLine:
    """One run.

    Attributes:
        status: ``completed``, ``failed``, ``running`` …
        seconds: None while it runs, or if its process died.
        who: ``user@host``.
        changes: how many resources and registrations it changed; None if it ended before that.
    """

    name: str
    command: str
    status: str
    started: datetime | None
    seconds: float | None
    who: str
    changes: int | None = None
    url: str | None = None


def history_table(environment: str, runs: Sequence[RunLine]) -> RenderableType:
    """The runs, in the order of the argument."""
    return _History(environment, runs)


def plain_history(environment: str, runs: Sequence[RunLine], *, width: int = PLAIN_WIDTH) -> str:
    """The table as text without control sequences."""
    return plain(history_table(environment, runs), width)


class _History:
    def __init__(self, environment: str, runs: Sequence[RunLine]) -> None:
        self._environment = environment
        self._runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self._runs:
            yield Text(f"No run of {clean(self._environment)} yet.")
        elif options.max_width >= _TABLE_WIDTH:
            yield table(
                ("RUN", "COMMAND", "STATUS", "STARTED", "TOOK", "CHANGES", "WHO"),
                ((run.name, *_facts(run), run.who) for run in self._runs),
            )
        else:
            for run in self._runs:
                yield from _lines(run)


def _facts(run: RunLine) -> tuple[str, ...]:
    return (
        run.command,
        run.status,
        stamp(run.started),
        "-" if run.seconds is None else duration(run.seconds),
        "-" if run.changes is None else str(run.changes),
    )


def _lines(run: RunLine) -> Iterator[RenderableType]:
    """One run, for terminals that are too narrow for the table."""
    status = clean(run.status)
    took = f" in {duration(run.seconds)}" if run.seconds is not None else ""
    changes = f", {count(run.changes, 'change')}" if run.changes is not None else ""
    yield Text(clean(run.name), overflow="fold")
    parts = [(f"{clean(run.command)} ", ""), (status, STATUS_STYLES.get(status, ""))]
    rest = f"{took}, {stamp(run.started)}{changes}, by {clean(run.who)}"
    yield Padding(joined([*parts, (rest, "dim")]), (0, 0, 0, 2))
