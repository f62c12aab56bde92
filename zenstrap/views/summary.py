"""The summary of a finished run, and the text of an error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zenstrap.errors import ConfigError, ConfigProblem, ZenstrapError, known, way_out
from zenstrap.events import StepFinished
from zenstrap.redaction import SENSITIVE
from zenstrap.views.terminal import PLAIN_WIDTH, joined, plain, unbroken
from zenstrap.views.text import clean, clean_lines, duration, shorten, step_title
from zenstrap.words import sentence

if TYPE_CHECKING:
    from pydantic import JsonValue

    from zenstrap.reports import Kept, OutputValue

_STYLES = {
    "done": "green",
    "warned": "yellow",
    "skipped": "dim",
    "failed": "bold red",
    "interrupted": "yellow",
}
_INDENT = 2
_LONGEST_OUTPUT = 240  # characters; outputs get copied, so they are cut late


@dataclass(frozen=True)
class StackLine:
    """One registered stack.

    Attributes:
        note: the result: ``promoted``, ``unchanged``, ``not promoted`` …
    """

    alias: str
    stack: str
    version: str
    note: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a run failed, or would fail.

    Attributes:
        what: what failed, one sentence; begins with ``where`` if that is set.
        where: the file, address or name that the error concerns.
        why: the reason, one sentence.
        fix: how to fix it, in words.
        command: the command that fixes it.
        now: the state after the failure, one sentence per item: what was changed, what wasn't.
        go_on: the command that continues the run.
        type: the error's class.
        problems: every problem of the configuration, if that is the failure.
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
        headline: the result in one sentence; empty for a plain "done".
        seconds: from the command's start to its end.
        url: the run's page in the dashboard; None without a server.
        next: two or three commands to copy.
        refusal: for `plan`: why `up` would stop.
        failure: None if the run succeeded.
    """

    environment: str
    command: str
    seconds: float
    run: str | None = None
    url: str | None = None
    headline: str = ""
    steps: tuple[StepFinished, ...] = ()
    outputs: Mapping[str, OutputValue] = field(default_factory=dict)
    stacks: tuple[StackLine, ...] = ()
    kept: tuple[Kept, ...] = ()
    next: tuple[str, ...] = ()
    refusal: Failure | None = None
    failure: Failure | None = None
    exit_code: int = 0


class Summary:
    """The summary as a rich renderable.

    Args:
        with_steps: False if the live tree on the screen shows the steps already.
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
            headline = run.headline or f"{run.command} of {run.environment} done"
            style = "bold yellow" if run.refusal else "bold green"
            yield Text()
            yield joined(
                [(clean(headline).removesuffix("."), style), (f" ({duration(run.seconds)})", "")]
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
    """What happened, where, why and the fix, for stderr; no traceback."""
    cause = known(error)
    if isinstance(cause, ConfigError):
        return f"Error: {clean_lines(str(cause))}\n"
    if isinstance(cause, ZenstrapError):
        lines = [f"Error: {_sentence(cause.what)}"]
        if cause.where:
            lines.append(f"  Where: {_block(cause.where)}")
        if cause.why:
            lines.append(f"  Why:   {_block(_sentence(cause.why))}")
        fix = "\n".join(way_out(cause.fix, cause.command))
        if fix:
            lines.append(f"  Fix:   {_block(fix)}")
        return "\n".join(lines) + "\n"
    if isinstance(cause, KeyboardInterrupt):
        return "Interrupted.\n"
    message = clean_lines(str(error))
    return f"Error: {type(error).__name__}{': ' if message else ''}{message}\n"


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
            Text(step_title(step.step) + subject, overflow="fold"),
            Text(duration(step.seconds)),
            Text(clean(step.detail), style="dim", overflow="fold"),
        )
    return grid


def _outputs(outputs: Mapping[str, OutputValue], width: int) -> RenderableType:
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


def _flat(outputs: Mapping[str, OutputValue]) -> Iterator[tuple[str, str]]:
    """One row per value; values of nested objects get dotted names."""
    for name, output in outputs.items():
        if output.sensitive:
            yield clean(name), SENSITIVE
        else:
            yield from _leaves(clean(name), output.value)


def _leaves(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if inner is not None:  # an optional attribute that isn't set
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


def _kept(kept: tuple[Kept, ...]) -> RenderableType:
    grid = Table.grid()
    grid.add_column(overflow="fold")
    for item in kept:
        grid.add_row(joined([(clean(item.name), "bold"), (f": {clean(item.reason)}", "")]))
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
    place = f" in {step_title(failure.step)}" if failure.step else ""
    yield Text()
    yield joined(
        [
            (f"{word}{place}", style),
            (f" ({duration(run.seconds)}): ", ""),
            (_sentence(failure.what), ""),
        ]
    )
    yield from _explained(failure, command_below=failure.command == failure.go_on)
    if failure.go_on:
        yield from _head("To continue:")
        yield from unbroken(clean(failure.go_on))


def _refused(run: RunSummary, refusal: Failure) -> RenderResult:
    place = f" in {step_title(refusal.step)}" if refusal.step else ""
    yield joined([(f"`up` would stop{place}: ", "bold red"), (_sentence(refusal.what), "")])
    yield from _explained(refusal, command_below=refusal.command in run.next)


def _explained(failure: Failure, *, command_below: bool) -> RenderResult:
    """Why, the fix and the state after the failure.

    Args:
        command_below: the fix's command is shown further below, so it is left out.
    """
    grid = _grid()
    if failure.why:
        grid.add_row("Why:", Text(_sentence(failure.why), overflow="fold"))
    fix, *commands = way_out(failure.fix, "" if command_below else failure.command) or ("",)
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
    return clean_lines(sentence(text))


def _block(text: str) -> str:
    return clean_lines(text).replace("\n", "\n         ")
