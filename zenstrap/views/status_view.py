"""``status``: the stacks of an environment, its last run and its lease."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from zenstrap.views.history_view import RunLine
from zenstrap.views.tables import table
from zenstrap.views.terminal import PLAIN_WIDTH, joined, plain
from zenstrap.views.text import clean, duration, stamp


@dataclass(frozen=True)
class ComponentLine:
    """One component of a stack."""

    type: str
    name: str
    flavor: str
    version: str


@dataclass(frozen=True)
class SmokeTestLine:
    """The last smoke test of a stack."""

    passed: bool
    time: datetime | None
    accuracy: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class StackVersion:
    """One registered version of a stack.

    Attributes:
        current: whether the alias points to this version.
        promoted_by: name of the run that promoted it; None if no run did.
        rolled_back_by: name of the run that rolled the alias back from it; None if no run did.
    """

    stack: str
    version: str
    current: bool
    promoted_by: str | None = None
    promoted_at: datetime | None = None
    smoke_test: SmokeTestLine | None = None
    components: tuple[ComponentLine, ...] = ()
    rolled_back_by: str | None = None
    rolled_back_at: datetime | None = None


@dataclass(frozen=True)
class AliasStatus:
    """One alias with the registered versions of its stack, newest first.

    Attributes:
        current: the version that it points to; None before the first promotion.
        project: the ML project; None for the base stack.
    """

    alias: str
    current: str | None
    versions: tuple[StackVersion, ...]
    project: str | None = None


@dataclass(frozen=True)
class LeaseLine:
    """Who holds the lease; ``reason`` explains why the holder counts as alive or dead."""

    owner: str
    host: str
    pid: int
    command: str
    since: datetime
    alive: bool
    reason: str


@dataclass(frozen=True)
class EnvironmentStatus:
    """What ``status`` shows about one environment."""

    environment: str
    platform: str
    aliases: tuple[AliasStatus, ...] = ()
    last_run: RunLine | None = None
    lease: LeaseLine | None = None
    notices: tuple[str, ...] = ()


class StatusView:
    """The status as a rich renderable."""

    def __init__(self, status: EnvironmentStatus) -> None:
        self._status = status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        status = self._status
        yield joined([(clean(status.environment), "bold"), (f" on {clean(status.platform)}", "")])
        if status.lease:
            yield _lease(status.lease)
        yield _last_run(status.last_run)
        if not status.aliases:
            yield Text()
            yield Text("No stack is registered.")
        for alias in status.aliases:
            yield from _alias(alias)
        if status.notices:
            yield Text()
        for notice in status.notices:
            yield Text(clean(notice), style="yellow", overflow="fold")


def plain_status(status: EnvironmentStatus, *, width: int = PLAIN_WIDTH) -> str:
    """The status as text without control sequences."""
    return plain(StatusView(status), width)


def _lease(lease: LeaseLine) -> RenderableType:
    who = f"{clean(lease.owner)} on {clean(lease.host)} (pid {lease.pid})"
    what = f"`{clean(lease.command)}` since {stamp(lease.since)}"
    if lease.alive:
        return joined([("In use by ", "yellow"), (f"{who}: {what}", "")])
    text = f"{who}: {what}; {clean(lease.reason)}. The next run takes the lease over."
    return joined([("Left behind by ", "bold red"), (text, "")])


def _last_run(run: RunLine | None) -> RenderableType:
    if run is None:
        return Text("No run yet.")
    took = f" in {duration(run.seconds)}" if run.seconds is not None else ""
    return joined(
        [
            ("Last run: ", ""),
            (f"{clean(run.command)} {clean(run.status)}{took}", ""),
            (f", {stamp(run.started)} by {clean(run.who)}, {clean(run.name)}", "dim"),
        ]
    )


def _alias(alias: AliasStatus) -> Iterator[RenderableType]:
    project = f"  ML project {clean(alias.project)}" if alias.project else ""
    yield Text()
    yield joined(
        [
            (clean(alias.alias), "bold"),
            (f" → {clean(alias.current or 'nothing promoted yet')}", ""),
            (project, "dim"),
        ]
    )
    if not alias.versions:
        return
    versions = table(
        ("VERSION", "", "SMOKE TEST", "PROMOTED BY"),
        ((v.version, _role(v), _smoke_test(v.smoke_test), _promoted(v)) for v in alias.versions),
    )
    yield Padding(versions, (0, 0, 0, 2))
    for version in alias.versions:
        if version.current and version.components:
            yield Text()
            components = table(
                ("COMPONENT", "FLAVOR", "VERSION", "NAME"),
                ((c.type, c.flavor, c.version, c.name) for c in version.components),
            )
            yield Padding(components, (0, 0, 0, 2))


def _smoke_test(test: SmokeTestLine | None) -> str:
    if test is None:
        return "-"
    accuracy = f", accuracy {test.accuracy:.3f}" if test.accuracy is not None else ""
    reason = f": {test.reason}" if test.reason and not test.passed else ""
    return f"{'passed' if test.passed else 'failed'} {stamp(test.time)}{accuracy}{reason}"


def _role(version: StackVersion) -> str:
    if version.current:
        return "current"
    if version.rolled_back_by is not None:
        return "rolled back"
    return "previous" if version.promoted_by else "candidate"


def _promoted(version: StackVersion) -> str:
    if version.promoted_by is None:
        return "-"
    promoted = _by(version.promoted_by, version.promoted_at)
    if version.rolled_back_by is None:
        return promoted
    return f"{promoted}; rolled back by {_by(version.rolled_back_by, version.rolled_back_at)}"


def _by(run: str, at: datetime | None) -> str:
    return f"{run}, {stamp(at)}" if at else run
