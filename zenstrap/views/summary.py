"""What stands on the screen after a run, and what an error looks like. Data in, text out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zenstrap.errors import ConfigError, ConfigProblem, ZenstrapError, known, way_out
from zenstrap.events import StepFinished
from zenstrap.redaction import SENSITIVE
from zenstrap.views.terminal import PLAIN_WIDTH, joined, plain, unbroken
from zenstrap.views.text import clean, clean_lines, duration, shorten, spoken

if TYPE_CHECKING:
    from pydantic import JsonValue

_STYLES = {
    "done": "green",
    "warned": "yellow",
    "skipped": "dim",
    "failed": "bold red",
    "interrupted": "yellow",
}
_INDENT = 2
_LONGEST_OUTPUT = 240  # characters: an output is there to be copied, so rather long than cut


@dataclass(frozen=True)
class OutputLine:
    """One Terraform output; the value of a sensitive one is never shown."""

    name: str
    value: JsonValue = None
    sensitive: bool = False


@dataclass(frozen=True)
class StackLine:
    """One registered stack.

    Attributes:
        note: what became of it: ``promoted``, ``unchanged``, ``not proven`` …
    """

    alias: str
    stack: str
    version: str
    note: str = ""


@dataclass(frozen=True)
class KeptLine:
    """Something that was left on purpose, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Failure:
    """Why a run did not end well.

    Attributes:
        what: what failed, one sentence; begins with ``where``, where there is one.
        where: the file, address or name that it is about.
        why: the reason, one sentence.
        fix: the way out, in words.
        command: what to type for it.
        now: what is true now, one sentence a line: what was made, what was left as it was.
        go_on: the one command that continues.
        type: the error's class.
        problems: every problem of the configuration, where that is what failed.
    """

    what: str
    why: str = ""
    fix: str = ""
    command: str = ""
    now: tuple[str, ...] = ()
    go_on: str = ""
    step: str | None = None
    interrupted: bool = False
    where: str = ""
    type: str = ""
    problems: tuple[ConfigProblem, ...] = ()


@dataclass(frozen=True)
class RunSummary:
    """A run that has ended.

    Attributes:
        headline: the result in one sentence, where there is more to say than that it is done.
        seconds: from the command's start to its end.
        url: the run's page in the dashboard; None where no server serves one.
        next: two or three commands to copy.
        refusal: of a plan: what `up` would be stopped by.
        failure: None where all went well.
    """

    environment: str
    command: str
    seconds: float
    run: str | None = None
    url: str | None = None
    headline: str = ""
    steps: tuple[StepFinished, ...] = ()
    outputs: tuple[OutputLine, ...] = ()
    stacks: tuple[StackLine, ...] = ()
    kept: tuple[KeptLine, ...] = ()
    next: tuple[str, ...] = ()
    refusal: Failure | None = None
    failure: Failure | None = None
    exit_code: int = 0


class Summary:
    """A run's end as a rich renderable.

    Args:
        with_steps: False where the live tree, which shows the steps, is still on the screen.
    """

    def __init__(self, run: RunSummary, *, with_steps: bool = True) -> None:
        self._run = run
        self._with_steps = with_steps

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        run, width = self._run, options.max_width
        if self._with_steps and run.steps:
            yield from _section("Steps", _steps(run.steps))
        if run.outputs:
            yield from _section("Outputs", _outputs(run.outputs, width))
        if run.stacks:
            yield from _section("Stacks", _stacks(run.stacks))
        if run.kept:
            yield from _section("Kept", _kept(run.kept))
        if run.run:
            yield from _head("Run")
            yield from _where(run)
        if run.failure:
            yield from _failed(run, run.failure)
        else:
            said = run.headline or f"{run.command} of {run.environment} done"
            style = "bold yellow" if run.refusal else "bold green"
            yield Text()
            yield joined(
                [(clean(said).removesuffix("."), style), (f" ({duration(run.seconds)})", "")]
            )
        if run.refusal:
            yield from _refused(run, run.refusal)
        if run.next:
            yield from _head("Next:")
            for command in run.next:
                yield from unbroken(clean(command))


def plain_summary(run: RunSummary, *, width: int = PLAIN_WIDTH, with_steps: bool = True) -> str:
    """The summary as text without control sequences."""
    return plain(Summary(run, with_steps=with_steps), width)


def error_text(error: BaseException) -> str:
    """What happened, where, why and the way out, for stderr; no traceback."""
    found = known(error)
    if isinstance(found, ConfigError):
        return f"Error: {clean_lines(str(found))}\n"
    if isinstance(found, ZenstrapError):
        lines = [f"Error: {_sentence(found.what)}"]
        if found.where:
            lines.append(f"  Where: {_block(found.where)}")
        if found.why:
            lines.append(f"  Why:   {_block(_sentence(found.why))}")
        ways = "\n".join(way_out(found.fix, found.command))
        if ways:
            lines.append(f"  Fix:   {_block(ways)}")
        return "\n".join(lines) + "\n"
    if isinstance(found, KeyboardInterrupt):
        return "Interrupted.\n"
    said = clean_lines(str(error))
    return f"Error: {type(error).__name__}{': ' if said else ''}{said}\n"


def _steps(steps: tuple[StepFinished, ...]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(overflow="fold")
    for step in steps:
        subject = f" {clean(step.subject)}" if step.subject else ""
        grid.add_row(
            Text(step.outcome, style=_STYLES[step.outcome]),
            Text(spoken(step.step) + subject, overflow="fold"),
            Text(duration(step.seconds)),
            Text(clean(step.detail), style="dim", overflow="fold"),
        )
    return grid


def _outputs(outputs: tuple[OutputLine, ...], width: int) -> RenderableType:
    rows = list(_flat(outputs))
    names = min(max(len(name) for name, _ in rows), max(12, width // 2))
    room = max(16, width - _INDENT - names - 2)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=names, overflow="fold")
    grid.add_column(overflow="fold")
    for name, value in rows:
        shown = shorten(value, max(_LONGEST_OUTPUT, room))
        grid.add_row(Text(name, overflow="fold"), Text(shown, overflow="fold"))
    return grid


def _flat(outputs: tuple[OutputLine, ...]) -> Iterator[tuple[str, str]]:
    """One row per value: nested objects are read by their dotted names."""
    for output in outputs:
        if output.sensitive:
            yield clean(output.name), SENSITIVE
        else:
            yield from _leaves(clean(output.name), output.value)


def _leaves(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if inner is not None:  # says only that there could be one
                yield from _leaves(f"{name}.{clean(key)}", inner)
    elif isinstance(value, str):
        yield name, clean(value)
    else:
        yield name, clean(json.dumps(value, ensure_ascii=False))


def _stacks(stacks: tuple[StackLine, ...]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(4):
        grid.add_column(overflow="fold")
    for stack in stacks:
        note = Text(clean(stack.note), style="dim", overflow="fold")
        grid.add_row(clean(stack.alias), clean(stack.version), clean(stack.stack), note)
    return grid


def _kept(kept: tuple[KeptLine, ...]) -> RenderableType:
    grid = Table.grid()
    grid.add_column(overflow="fold")
    for one in kept:
        grid.add_row(joined([(clean(one.name), "bold"), (f": {clean(one.reason)}", "")]))
    return grid


def _where(run: RunSummary) -> RenderResult:
    yield from unbroken(clean(run.run), "none")
    if run.url:
        yield from unbroken(clean(run.url))
    else:
        yield Text("  To see it in the dashboard:", style="dim")
        yield from unbroken("zenml login --local")


def _failed(run: RunSummary, failure: Failure) -> RenderResult:
    word, style = ("Interrupted", "yellow") if failure.interrupted else ("Failed", "bold red")
    place = f" in {spoken(failure.step)}" if failure.step else ""
    yield Text()
    yield joined(
        [
            (f"{word}{place}", style),
            (f" ({duration(run.seconds)}): ", ""),
            (_sentence(failure.what), ""),
        ]
    )
    yield from _explained(failure, told_below=failure.command == failure.go_on)
    if failure.go_on:
        yield from _head("To continue:")
        yield from unbroken(clean(failure.go_on))


def _refused(run: RunSummary, refusal: Failure) -> RenderResult:
    place = f" in {spoken(refusal.step)}" if refusal.step else ""
    yield joined([(f"`up` would stop{place}: ", "bold red"), (_sentence(refusal.what), "")])
    yield from _explained(refusal, told_below=refusal.command in run.next)


def _explained(failure: Failure, *, told_below: bool) -> RenderResult:
    """Why, the way out and what is true now.

    Args:
        told_below: the command stands further below anyhow, and is not said twice.
    """
    grid = _grid()
    if failure.why:
        grid.add_row("Why:", Text(_sentence(failure.why), overflow="fold"))
    fix, *commands = way_out(failure.fix, "" if told_below else failure.command) or ("",)
    if fix:
        grid.add_row("Fix:", Text(clean_lines(fix), overflow="fold"))
    if commands:
        yield Padding(grid, (0, 0, 0, _INDENT))
        for command in commands:
            yield from unbroken(f"     {clean(command)}")
        grid = _grid()
    for number, line in enumerate(failure.now):
        grid.add_row("Now:" if number == 0 else "", Text(_sentence(line), overflow="fold"))
    yield Padding(grid, (0, 0, 0, _INDENT))


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    return grid


def _head(title: str) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, style="bold")


def _section(title: str, content: RenderableType) -> Iterator[RenderableType]:
    yield from _head(title)
    yield Padding(content, (0, 0, 0, _INDENT))


def _sentence(text: str) -> str:
    text = clean_lines(text.strip())
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _block(text: str) -> str:
    return clean_lines(text).replace("\n", "\n         ")
