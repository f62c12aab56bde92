"""What a process knows beyond a step's inputs: the lease it holds, who watches, who can be asked.

The command line opens one session around a pipeline. Steps find it here, because a step's
inputs are artifacts and none of this may be one.
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

from zenstrap import invocation, paths
from zenstrap.errors import InterruptedRunError, UsageError, ZenstrapError
from zenstrap.events import Emit, Notice, Outcome, StepFinished, StepStarted, ignore
from zenstrap.interrupt import Interrupt

if TYPE_CHECKING:
    from zenstrap.config import EnvironmentConfig
    from zenstrap.lease import Lease
    from zenstrap.platforms.base import Platform
    from zenstrap.registry.reconciliation import Reconciliation
    from zenstrap.reports import PlanReport, Report
    from zenstrap.terraform.storage import StateStorage

ReportT = TypeVar("ReportT", bound="Report")
Ask = Callable[[str], str]  # shows a question, returns the answer that was typed
ShowPlan = Callable[["PlanReport"], None]


@dataclass
class Session:
    """One run of one command on one environment.

    Attributes:
        platform: where the environment lives.
        lease: the environment's lease; None for commands that change nothing.
        ask: how to ask a person; None where there is no terminal.
        assume_yes: ``--yes`` was given.
        adopt: names of other people's registrations that may be taken over (``--adopt``).
        active_stacks: names of the stacks that are active for the user, whatever this process runs
            on.
        storage: where Terraform's state is kept, once that is known.
        owner: whose the environment is, once that is known: the id of zenstrap.owner.Owner; empty
            where it has none yet.
        moved_from: address of the ZenML in which the environment is registered, where another one
            is connected; empty otherwise.
        taken_down_at: the last time that everything of the environment was taken away.
        forgotten_at: when somebody decided to go on without a lost state, until the next up.
        unmarked: whether registrations that name no owner are ours; None until it is looked at.
        told: whose configuration it is, where it isn't that of the files; for people.
        changed_first: what was changed before anything was planned, for people: the state bucket.
        run: the key of this run's files; not ZenML's run name, which comes later.
        run_id: id of the pipeline run in ZenML, once it exists; likewise ``run_name``.
        failed_step: the step in which the run failed, for the summary.
        reconciliation: what is left to write to ZenML's registry, once that was looked at.
        reports: what the steps returned, by step.
        is_asking: a person is being asked something right now.
    """

    platform: Platform
    command: str
    lease: Lease | None = None
    ask: Ask | None = None
    assume_yes: bool = False
    adopt: frozenset[str] = frozenset()
    active_stacks: frozenset[str] = frozenset()
    emit: Emit = ignore
    interrupt: Interrupt = field(default_factory=Interrupt)
    storage: StateStorage | None = None
    owner: str = ""
    moved_from: str = ""
    taken_down_at: datetime | None = None
    forgotten_at: datetime | None = None
    unmarked: bool | None = None
    told: str = ""
    changed_first: str = ""
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    show_plan: ShowPlan = lambda plan: None
    reconciliation: Reconciliation | None = None
    reports: dict[str, list[Report]] = field(default_factory=dict)
    run_id: str | None = None
    run_name: str = ""
    failed_step: str | None = None
    is_asking: bool = False

    @property
    def config(self) -> EnvironmentConfig:
        """The environment's configuration."""
        return self.platform.config

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self.config.environment

    def heard(self) -> None:
        """Tell that a request to stop was heard."""
        if self.is_asking:  # nothing is in progress, and the question ends at once
            return
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
        if self.ask is None:
            return None
        self.is_asking = True
        try:
            return self.ask(text)
        finally:
            self.is_asking = False

    @property
    def run_folder(self) -> Path:
        """Plan and variable files of this run."""
        return paths.run_folder(self.environment, self.run)

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


_current: Session | None = None


@contextmanager
def opened(session: Session) -> Iterator[Session]:
    """Make a session the process's current one."""
    global _current
    before, _current = _current, session
    try:
        yield session
    finally:
        _current = before


def current(environment: str) -> Session:
    """The session of the run that this process is at.

    Raises:
        UsageError: a step that changes things was started without zenstrap's command line.
    """
    if _current is None or _current.environment != environment:
        raise UsageError(
            f"no zenstrap run on environment {environment} is open in this process",
            why="The steps change real things and need the environment's lease.",
            fix="Start the pipeline with",
            command=invocation.command("up", environment),
        )
    return _current


class Progress:
    """Tells the watchers how a step ended."""

    def __init__(self, reports: list[Report]) -> None:
        self.detail = ""
        self.outcome: Outcome = "done"
        self._reports = reports

    def done(self, report: ReportT) -> ReportT:
        """Take the report's headline as the step's result."""
        self.detail = report.headline
        self.outcome = "done" if report.is_fine else "warned"
        self._reports.append(report)
        return report


@contextmanager
def step_of(environment: str, step: str, subject: str | None = None) -> Iterator[Progress]:
    """Around the body of every step: guards it, and tells the watchers of its start and end.

    Args:
        subject: what the step is about where a run has several of it, for example a stack.
    """
    session = current(environment)
    session.guard()
    started = time.monotonic()
    progress = Progress(session.reports.setdefault(step, []))
    session.emit(StepStarted(step, subject))
    outcome: Outcome = "failed"
    try:
        yield progress
        outcome = progress.outcome
    except BaseException as error:
        stopped = isinstance(error, (InterruptedRunError, KeyboardInterrupt))
        outcome = "interrupted" if stopped else "failed"
        progress.detail = error.what if isinstance(error, ZenstrapError) else str(error)
        session.failed_step = session.failed_step or step
        raise
    finally:
        seconds = time.monotonic() - started
        session.emit(StepFinished(step, outcome, seconds, progress.detail, subject))
