"""The run in progress: its request, its services and its result.

A pipeline's body opens its run (:mod:`zenstrap.lifecycle.opening`), and its steps look it up by
ZenML's run id. They can't get it as inputs: those are artifacts, and none of this may become one.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from zenstrap import invocation, paths, stopping
from zenstrap.config.violations import Placed, unplaced
from zenstrap.errors import InterruptedRunError, UsageError, ZenstrapError
from zenstrap.events import Emit, Notice, Outcome, StepFinished, StepStarted, ignore
from zenstrap.interrupt import Interrupt
from zenstrap.log import LOGGER
from zenstrap.request import Request

if TYPE_CHECKING:
    from zenstrap.config import EnvironmentConfig
    from zenstrap.lease import Lease
    from zenstrap.platforms.base import Platform, StatePlace
    from zenstrap.registry.reconciliation import Reconciliation
    from zenstrap.reports import PlanReport, Report

ReportT = TypeVar("ReportT", bound="Report")


@dataclass(frozen=True)
class Audience:
    """Where a run's events, questions and plan are shown. By default nowhere.

    Attributes:
        emit: gets every event.
        ask: shows a question and returns the typed answer; None if there is no terminal.
        show_plan: shows a plan before its approval is asked.
        told: which run the configuration comes from, if not from the files; for display.
        placed: finds the file and line of what is wrong in the configuration.
    """

    emit: Emit = ignore
    ask: Callable[[str], str] | None = None
    show_plan: Callable[[PlanReport], None] = lambda plan: None
    told: str = ""
    placed: Placed = unplaced


@dataclass
class Past:
    """What is known of the environment's past, once its owner is determined.

    Attributes:
        owner: the environment's owner id (zenstrap.owner.Owner.id); empty if it has none yet.
        moved_from: address of the ZenML in which the environment is registered, if another one is
            connected; empty otherwise.
        taken_down_at: when the environment was last taken down.
        forgotten_at: when a user decided to continue without a lost state, until the next up.
        unmarked: whether registrations without an owner are ours; None until that is checked.
    """

    owner: str = ""
    moved_from: str = ""
    taken_down_at: datetime | None = None
    forgotten_at: datetime | None = None
    unmarked: bool | None = None


@dataclass
class Record:
    """The result of a run.

    Attributes:
        id: of the pipeline run in ZenML, once it exists; likewise ``name``.
        changed_first: what was changed before the plan, for display: the state bucket.
        failed_step: the step in which the run failed.
        reports: what the steps returned, by step.
        changes: how many resources and registrations it changed; None until that is known.
        reconciliation: the registrations still to write after the apply; the steps for connectors
            and stacks share it.
    """

    id: str | None = None
    name: str = ""
    changed_first: str = ""
    failed_step: str | None = None
    reports: dict[str, list[Report]] = field(default_factory=dict)
    changes: int | None = None
    reconciliation: Reconciliation | None = None


@dataclass
class Run:
    """One run of one command on one environment.

    Attributes:
        platform: the environment's platform.
        command: ``up``, ``plan``, …
        request: the user's options.
        audience: where events, questions and the plan are shown.
        interrupt: the stop request.
        place: where state, lease and owner are stored, once that is known.
        lease: the environment's lease, once it is held.
        past: what is known of the environment's past.
        record: the run's result.
        active_stacks: names of the user's active stacks, not of the stack that this process runs
            on.
        key: names this run's files; ZenML's run name is known later.
    """

    platform: Platform
    command: str
    request: Request = field(default_factory=Request)
    audience: Audience = field(default_factory=Audience)
    interrupt: Interrupt = field(default_factory=Interrupt)
    place: StatePlace | None = None
    lease: Lease | None = None
    past: Past = field(default_factory=Past)
    record: Record = field(default_factory=Record)
    active_stacks: frozenset[str] = frozenset()
    key: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def config(self) -> EnvironmentConfig:
        """The environment's configuration."""
        return self.platform.config

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self.config.environment

    @property
    def owner(self) -> str:
        """The environment's owner id; empty if it has no owner yet."""
        return self.past.owner

    @property
    def emit(self) -> Emit:
        """Shows an event."""
        return self.audience.emit

    @property
    def run_folder(self) -> Path:
        """Plan and variable files of this run."""
        return paths.run_folder(self.environment, self.key)

    @property
    def log_name(self) -> str:
        """Of this run's log file, after the time."""
        return f"{self.environment}-{self.command}-{self.key}"

    def heard(self) -> None:
        """Confirm a stop request to the user."""
        self.emit(
            Notice(
                "Interrupted: finishing the operation in progress. Once more stops at once.",
                "warning",
            )
        )

    def question(self, text: str) -> str | None:
        """The user's answer to a question; None if there is no terminal.

        Raises:
            InterruptedRunError: the user stopped the run.
        """
        if self.audience.ask is None:
            return None
        # No operation is in progress, and a stop request ends the question: no message is needed.
        with stopping.current().finishing(_silently):
            return self.audience.ask(text)

    def wait(self, seconds: float) -> None:
        """Pause between two attempts, until the user asks to stop.

        Raises:
            InterruptedRunError: the user asked to stop.
        """
        self.interrupt.wait(seconds)

    def guard(self) -> None:
        """Check that the run may write; called before every external write.

        Raises:
            LockHeldError: the lease is lost, for example to another run.
            InterruptedRunError: the user asked to stop.
        """
        self.interrupt.check()
        if self.lease is not None:
            self.lease.check()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Around work before the first step: if it fails, the run failed in this stage."""
        try:
            yield
        except BaseException:
            self.record.failed_step = self.record.failed_step or name
            raise


def _silently() -> None:
    pass


class Progress:
    """A running step, as its body sees it.

    Attributes:
        run: the step's run.
    """

    def __init__(self, run: Run, step: str) -> None:
        self.run = run
        self.detail = ""
        self.outcome: Outcome = "done"
        self._reports = run.record.reports.setdefault(step, [])

    def done(self, report: ReportT) -> ReportT:
        """Use the report's headline as the step's result."""
        self.detail = report.headline
        self.outcome = "done" if report.is_fine else "warned"
        self._reports.append(report)
        return report


_held: dict[str, Run] = {}  # by environment: runs with a lease, before ZenML's run is created
_open: dict[str, Run] = {}  # by id of ZenML's run


@contextmanager
def held(run: Run) -> Iterator[None]:
    """Within this block, a pipeline that is started on the environment belongs to this run."""
    _held[run.environment] = run
    try:
        yield
    finally:
        _held.pop(run.environment, None)


def held_for(environment: str) -> Run | None:
    """The run that waits for its pipeline to start; only the first caller gets it."""
    return _held.pop(environment, None)


@contextmanager
def opened(run: Run, id: str, name: str) -> Iterator[None]:
    """Within this block, the steps of ZenML's run ``id`` find this run."""
    run.record.id, run.record.name = id, name
    _open[id] = run
    try:
        yield
    finally:
        _open.pop(id, None)


@contextmanager
def step(name: str, subject: str | None = None) -> Iterator[Progress]:
    """Around the body of every step: finds its run, guards it, emits its start and end.

    Args:
        subject: of a step that runs several times: what it is about, for example a stack.

    Raises:
        UsageError: the step was started outside of zenstrap's pipelines.
    """
    run = _current()
    run.guard()
    started, title = time.monotonic(), f"{name} {subject}" if subject else name
    LOGGER.debug("step %s", title)
    progress = Progress(run, name)
    run.emit(StepStarted(name, subject))
    outcome: Outcome = "failed"
    try:
        yield progress
        outcome = progress.outcome
    except BaseException as error:
        stopped = isinstance(error, (InterruptedRunError, KeyboardInterrupt))
        outcome = "interrupted" if stopped else "failed"
        progress.detail = error.what if isinstance(error, ZenstrapError) else str(error)
        run.record.failed_step = run.record.failed_step or name
        raise
    finally:
        seconds = time.monotonic() - started
        LOGGER.debug("step %s: %s after %.1f s: %s", title, outcome, seconds, progress.detail)
        run.emit(StepFinished(name, outcome, seconds, progress.detail, subject))


def _current() -> Run:
    from zenml import get_step_context

    try:
        run = _open.get(str(get_step_context().pipeline_run.id))
    except RuntimeError:
        run = None
    if run is None:
        raise UsageError(
            "no zenstrap run is open for this step",
            why="A step changes real resources and needs the environment's lease, which its "
            "pipeline acquires",
            fix="Start the pipeline with",
            command=invocation.command("up"),
        )
    return run
