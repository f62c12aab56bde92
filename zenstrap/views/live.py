"""The live tree on a terminal: steps with their state and time, and the changes of each step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from zenstrap.events import (
    DONE,
    Event,
    Notice,
    Outcome,
    RegistrationWritten,
    ResourceFinished,
    ResourceProgress,
    ResourceStarted,
    RunStarted,
    StepFinished,
    StepStarted,
)
from zenstrap.views.plain import written
from zenstrap.views.sink import Drawing
from zenstrap.views.terminal import joined
from zenstrap.views.text import clean, clean_lines, duration, shorten, step_title

FRAMES_PER_SECOND = 8  # smooth enough for a spinner, with no visible CPU load
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_SPINNER = "|/-\\"
_RECENT = 4  # finished items that stay visible below a running step

State = Outcome | None  # None: still running
_MARKS: dict[State, tuple[str, str, str]] = {
    "done": ("✓", "ok", "green"),
    "warned": ("!", "!", "yellow"),
    "skipped": ("\u2013", "-", "dim"),
    "failed": ("✗", "x", "bold red"),
    "interrupted": ("!", "!", "yellow"),
}
_DOING = {
    "create": "creating",
    "update": "updating",
    "replace": "replacing",
    "destroy": "destroying",
}
_LEVELS = {"info": "", "warning": "yellow", "error": "bold red"}


@dataclass
class _Item:
    """A resource or registration below a step."""

    name: str
    verb: str
    started: float
    state: State = None
    seconds: float | None = None


@dataclass
class _Step:
    name: str
    subject: str | None
    started: float
    state: State = None
    seconds: float = 0.0
    detail: str = ""
    items: dict[str, _Item] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return step_title(self.name) + (f" {clean(self.subject)}" if self.subject else "")


class Tree:
    """A run as a tree, redrawn at every frame.

    Attributes:
        moving: it is being redrawn, so it must fit the terminal's height.
        ended_only: leave out the steps that are still running.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.moving = True
        self.ended_only = False
        self._clock = clock
        self._steps: dict[tuple[str, str | None], _Step] = {}
        self._guard = threading.RLock()  # rich draws frames in its own thread

    def take(self, event: Event) -> None:
        """Update the tree with one event."""
        with self._guard:
            self._take(event)

    def _take(self, event: Event) -> None:
        now = self._clock()
        match event:
            case StepStarted():
                key = (event.step, event.subject)
                self._steps.pop(key, None)  # a repeated step moves to the end
                self._steps[key] = _Step(event.step, event.subject, now)
            case StepFinished():
                key = (event.step, event.subject)
                step = self._steps.setdefault(key, _Step(event.step, event.subject, now))
                step.state, step.seconds, step.detail = event.outcome, event.seconds, event.detail
            case ResourceStarted():
                verb = _DOING[event.action]
                self._current.items[event.address] = _Item(event.address, verb, now)
            case ResourceProgress():
                item = self._item(event.address, _DOING[event.action], now - event.seconds)
                item.started = now - event.seconds
            case ResourceFinished():
                item = self._item(event.address, "", now - event.seconds)
                item.verb = DONE[event.action] if event.succeeded else f"{event.action} failed"
                item.state = "done" if event.succeeded else "failed"
                item.seconds = event.seconds
            case RegistrationWritten():
                words = written(event)
                self._current.items[words] = _Item(words, "", now, "done")

    def drop_finished(self) -> None:
        """Drop the steps that have ended, once their final state is drawn."""
        with self._guard:
            self._steps = {key: step for key, step in self._steps.items() if step.state is None}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._guard:
            lines = list(self._lines(options.max_width, options.ascii_only))
        drawn = console.render_lines(Group(*lines), options.update(height=None), pad=False)
        room = options.max_height - 1
        if self.moving and len(drawn) > room > 1:
            # Running steps are at the end, so cut off the beginning.
            hidden = len(drawn) - room + 1
            yield Text(f"... {hidden} lines above", style="dim")
            drawn = drawn[hidden:]
        for line in drawn:
            yield from line
            yield Segment.line()

    def _lines(self, width: int, ascii_only: bool) -> Iterator[RenderableType]:
        now = self._clock()
        spinner = _ASCII_SPINNER if ascii_only else _SPINNER
        frame = spinner[int(now * FRAMES_PER_SECOND) % len(spinner)]
        steps = [step for step in self._steps.values() if step.state or not self.ended_only]
        names = min(max((len(step.title) for step in steps), default=0), width // 2)
        for step in steps:
            yield _step_line(step, now, names, frame, ascii_only)
            yield from self._item_lines(step, now, width, ascii_only)

    @property
    def _current(self) -> _Step:
        """The step that resource events belong to: the one last started that still runs."""
        running = [step for step in self._steps.values() if step.state is None]
        if running:
            return running[-1]
        if not self._steps:
            self._steps["run", None] = _Step("run", None, self._clock())
        return list(self._steps.values())[-1]

    def _item(self, address: str, verb: str, started: float) -> _Item:
        for step in reversed(self._steps.values()):
            if address in step.items:
                return step.items[address]
        return self._current.items.setdefault(address, _Item(address, verb, started))

    def _item_lines(
        self, step: _Step, now: float, width: int, ascii_only: bool
    ) -> Iterator[RenderableType]:
        items = list(step.items.values())
        if self.moving:
            ended = [item for item in items if item.state == "done"]
            hidden = ended[:-_RECENT] if step.state is None else ended
            if hidden:
                yield Text(f"     {len(hidden)} done", style="dim")
            items = [item for item in items if item not in hidden]
        for item in items:
            mark, style = (" ", "") if item.state is None else _mark(item.state, ascii_only)
            seconds = now - item.started if item.state is None else item.seconds
            after = f"  {duration(seconds)}" if seconds is not None else ""
            verb = f" {item.verb}" if item.verb else ""
            name = shorten(clean(item.name), max(16, width - 6 - len(mark) - len(verb + after)))
            parts = [("     ", ""), (f"{mark} ", style), (name, ""), (f"{verb}{after}", "dim")]
            yield joined(parts)


class LiveTree(Drawing):
    """The tree, redrawn in place on a terminal; finished steps stay visible when it stops."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._console = console
        self._tree = Tree(clock)
        self._live: Live | None = None

    def start(self) -> None:
        """Begin to draw; after ``stop``, a new tree below the old one."""
        if self._live is not None or self._gone:
            return
        self._tree.moving = True
        self._live = Live(
            self._tree,
            console=self._console,
            refresh_per_second=FRAMES_PER_SECOND,
            redirect_stdout=False,  # nothing is printed to stdout while the tree is drawn
            redirect_stderr=True,  # lines written to stderr appear above the tree
            vertical_overflow="visible",  # the tree limits its own height
        )
        try:
            self._live.start(refresh=True)
        except (OSError, ValueError):
            self._gone = True

    def stop(self) -> None:
        """Draw the final tree and release the terminal."""
        live, self._live = self._live, None
        if live is None:
            return
        self._tree.moving = False
        try:
            live.stop()
        except (OSError, ValueError):
            self._gone = True
        self._tree.drop_finished()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Not drawn during a prompt; afterwards only the running steps are drawn."""
        self._tree.ended_only = True
        self.stop()
        self._tree.ended_only = False
        try:
            yield
        finally:
            self.start()

    def draw(self, event: Event) -> None:
        match event:
            case Notice():
                text = clean_lines(event.text)
                self._console.print(Text(text, style=_LEVELS[event.level], overflow="fold"))
            case RunStarted():
                place = f"  {clean(event.url)}" if event.url else ""
                self._console.print(
                    joined([(f"run {clean(event.run)}", "dim"), (place, "dim")]), soft_wrap=True
                )
            case _:
                self._tree.take(event)


def _step_line(step: _Step, now: float, names: int, frame: str, ascii_only: bool) -> RenderableType:
    running = step.state is None
    mark, style = (frame, "cyan") if running else _mark(step.state, ascii_only)
    seconds = now - step.started if running else step.seconds
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2, no_wrap=True)
    grid.add_column(width=names, overflow="fold")
    grid.add_column(no_wrap=True, justify="right", min_width=7)
    grid.add_column(overflow="fold")
    grid.add_row(
        Text(mark, style=style),
        Text(step.title, style="bold" if running else "", overflow="fold"),
        Text(duration(seconds)),
        Text(clean(step.detail), style=style if step.state == "failed" else "dim", overflow="fold"),
    )
    return grid


def _mark(state: State, ascii_only: bool) -> tuple[str, str]:
    fancy, simple, style = _MARKS[state]
    return (simple if ascii_only else fancy), style
