"""The run in progress: what was asked, what it works with, what became of it.

A pipeline's body opens its run (:mod:`zenstrap.lifecycle.opening`), and its steps find it here by
ZenML's run id, because a step's inputs are artifacts and none of this may be one.
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
    """Who watches a run and can be asked. By default nobody.

    Attributes:
        emit: gets every event.
        ask: shows a question, returns the answer that was typed; None where there is no terminal.
        show_plan: shows a plan before it is asked about.
        told: whose configuration it is, where it isn't that of the files; for people.
    """

    emit: Emit = ignore
    ask: Callable[[str], str] | None = None
    show_plan: Callable[[PlanReport], None] = lambda plan: None
    told: str = ""


@dataclass
class Past:
    """What is known of the environment's past, once its owner is settled.

    Attributes:
        owner: whose the environment is: the id of zenstrap.owner.Owner; empty where it has none
            yet.
        moved_from: address of the ZenML in which the environment is registered, where another one
            is connected; empty otherwise.
        taken_down_at: the last time that everything of the environment was taken away.
        forgotten_at: when somebody decided to go on without a lost state, until the next up.
        unmarked: whether registrations that name no owner are ours; None until it is looked at.
    """

    owner: str = ""
    moved_from: str = ""
    taken_down_at: datetime | None = None
    forgotten_at: datetime | None = None
    unmarked: bool | None = None


@dataclass
class Record:
    """What became of a run.

    Attributes:
        id: of the pipeline run in ZenML, once it exists; likewise ``name``.
        changed_first: what was changed before anything was planned, for people: the state bucket.
        failed_step: the step in which the run failed.
        reports: what the steps returned, by step.
        changes: how many resources and registrations it changed; None until that is known.
        reconciliation: what is left to register after the apply; connectors and stacks share it.
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
        platform: where the environment lives.
        command: ``up``, ``plan``, …
        request: what was asked.
        audience: who watches, and can be asked.
        interrupt: tells of a request to stop.
        place: where state, lease and owner are, once that is known.
        lease: the environment's lease, once it is held.
        past: what is known of the environment.
        record: what became of the run.
        active_stacks: names of the stacks that are active for the user, whatever this process runs
            on.
        key: of this run's files; not ZenML's run name, which comes later.
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
        """Whose the environment is; empty where it has no owner yet."""
        return self.past.owner

    @property
    def emit(self) -> Emit:
        """Tells the audience."""
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
        """Tell that a request to stop was heard."""
        self.emit(
            Notice(
                "Interrupted: finishing the operation in progress. Once more stops at once.",
                "warning",
            )
        )

    def question(self, text: str) -> str | None:
        """What a person answers; None where there is nobody to ask.

        Raises:
            InterruptedRunError: the answer was to stop.
        """
        if self.audience.ask is None:
            return None
        # Nothing is in progress, and the question ends at once: a request has nothing to tell.
        with stopping.current().finishing(_silently):
            return self.audience.ask(text)

    def wait(self, seconds: float) -> None:
        """Pause between two tries, as far as the user lets us.

        Raises:
            InterruptedRunError: the user asked to stop.
        """
        self.interrupt.wait(seconds)

    def guard(self) -> None:
        """Called before every effect.

        Raises:
            LockHeldError: somebody else has the lease now.
            InterruptedRunError: the user asked to stop.
        """
        self.interrupt.check()
        if self.lease is not None:
            self.lease.check()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Around what is done before the first step: it is where the run failed, if it does."""
        try:
            yield
        except BaseException:
            self.record.failed_step = self.record.failed_step or name
            raise


def _silently() -> None:
    pass


class Progress:
    """A step of a run, for its body.

    Attributes:
        run: the run that the step is of.
    """

    def __init__(self, run: Run, step: str) -> None:
        self.run = run
        self.detail = ""
        self.outcome: Outcome = "done"
        self._reports = run.record.reports.setdefault(step, [])

    def done(self, report: ReportT) -> ReportT:
        """Take the report's headline as the step's result."""
        self.detail = report.headline
        self.outcome = "done" if report.is_fine else "warned"
        self._reports.append(report)
        return report


_held: dict[str, Run] = {}  # by environment: the lease is held, and ZenML's run is to come
_open: dict[str, Run] = {}  # by the id of ZenML's run


@contextmanager
def held(run: Run) -> Iterator[None]:
    """Within this, the pipeline that is started on the environment is this run's."""
    _held[run.environment] = run
    try:
        yield
    finally:
        _held.pop(run.environment, None)


def held_for(environment: str) -> Run | None:
    """The run that waits for its pipeline to start; no other pipeline gets it."""
    return _held.pop(environment, None)


@contextmanager
def opened(run: Run, id: str, name: str) -> Iterator[None]:
    """Within this, ZenML's run is this one, and its steps find it."""
    run.record.id, run.record.name = id, name
    _open[id] = run
    try:
        yield
    finally:
        _open.pop(id, None)


@contextmanager
def step(name: str, subject: str | None = None) -> Iterator[Progress]:
    """Around the body of every step: finds its run, guards it, tells of its start and end.

    Args:
        subject: what the step is about where a run has several of it, for example a stack.

    Raises:
        UsageError: the step was started by itself, outside of one of zenstrap's pipelines.
    """
    run = _current()
    run.guard()
    started, named = time.monotonic(), f"{name} {subject}" if subject else name
    LOGGER.debug("step %s", named)
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
        LOGGER.debug("step %s: %s after %.1f s: %s", named, outcome, seconds, progress.detail)
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
            why="The steps change real things and need the environment's lease, which their "
            "pipeline takes",
            fix="Start the pipeline with",
            command=invocation.command("up"),
        )
    return run
