"""The commands that run a pipeline: ``up``, ``plan``, ``down``, ``rollback``."""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from zenstrap import log, running, stopping
from zenstrap.cli.failures import explained
from zenstrap.cli.options import Options
from zenstrap.cli.outcome import Outcome, conclude
from zenstrap.cli.prompt import ask, can_ask
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.config.names import nearest, project_name_fault, version_fault
from zenstrap.config.violations import unplaced
from zenstrap.errors import (
    InterruptedRunError,
    OutOfReachError,
    PartlyDoneError,
    UsageError,
    ZenstrapError,
)
from zenstrap.events import Notice, StepFinished, StepStarted
from zenstrap.interrupt import Interrupt
from zenstrap.lifecycle.infrastructure import terraform_for
from zenstrap.lifecycle.opening import lease_held, owner_settled, remove_own_files
from zenstrap.platforms import platform_of
from zenstrap.platforms.base import Platform, StatePlace
from zenstrap.request import PLAIN, Request
from zenstrap.running import Audience, Run
from zenstrap.views.select import select
from zenstrap.views.sink import Recorder, View, tee
from zenstrap.waiting import told_by
from zenstrap.zenml_private.calls import is_server

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.reports import PlanReport

Verb = Literal["up", "plan", "down", "rollback"]
PIPELINES: Final[dict[str, str]] = {
    "up": "bootstrap",
    "plan": "plan",
    "down": "teardown",
    "rollback": "rollback",
}


def up(config: EnvironmentConfig, options: Options) -> int:
    """Bring the environment up; see ``pipelines/bootstrap.py``."""
    return _run("up", config, options)


def plan(config: EnvironmentConfig, options: Options) -> int:
    """Plan only; exit code 2 if there are changes."""
    return _run("plan", config, options)


def down(config: EnvironmentConfig, options: Options) -> int:
    """Remove the environment; see ``pipelines/teardown.py``."""
    return _run("down", config, options)


def rollback(
    config: EnvironmentConfig,
    options: Options,
    project: str | None,
    to: str | None,
    smoke_test: bool,
) -> int:
    """Roll one alias back to an earlier version; see ``pipelines/rollback.py``."""
    _require_plausible(config, project, to)
    request = Request(project=project, to=to, smoke_test=smoke_test)
    return _run("rollback", config, options, request)


def _require_plausible(config: EnvironmentConfig, project: str | None, to: str | None) -> None:
    """Refuse typing errors before ZenML is imported, which takes seconds.

    Raises:
        UsageError: not a valid version or project name, or a misspelt project.
    """
    if to is not None and (fault := version_fault(to)):
        raise UsageError(fault, where="--to", fix="Name a version that `status` shows")
    if project is None or project in config.ml_projects:
        return
    near = nearest(project, list(config.ml_projects))
    fault = project_name_fault(project)
    if fault or near:
        raise UsageError(
            fault or f"{config.environment} has no ML project {project}",
            where="--project",
            fix=f"Did you mean {near}?" if near else None,
        )


def _run(
    verb: Verb, config: EnvironmentConfig, options: Options, request: Request | None = None
) -> int:
    """Run a pipeline.

    Args:
        request: options that only this command has.
    """
    started = time.monotonic()
    platform = platform_of(config)
    if verb != "rollback":
        terraform_for(platform)
    stop = stopping.current()
    recorder = Recorder()
    with select(stdout=options.telling.stdout, events=options.events) as view:
        run = Run(
            platform,
            verb,
            (request or PLAIN).model_copy(update=_common(options)),
            Audience(
                emit=tee(recorder, view),
                ask=_prompt(view, stop.interrupt),
                show_plan=_plan_printer(platform, view, options),
                told=options.config_notice,
                placed=options.placed or unplaced,
            ),
            stop.interrupt,
        )
        if verb in ("up", "plan"):
            for warning in options.warnings:
                run.emit(Notice(warning, "warning"))

        def concluded(failure: ZenstrapError | None) -> int:
            view.stop()
            seconds = time.monotonic() - started
            return conclude(Outcome(verb, config, run, recorder, failure, seconds), options)

        def end_at_once() -> None:
            remove_own_files(run)
            concluded(
                InterruptedRunError(
                    "ended at once, in the middle of an operation",
                    why="a stop was requested a second time",
                )
            )

        with stop.before_the_end(end_at_once), stop.finishing(run.heard):
            failure = _run_to_its_end(run, options)
            if isinstance(failure, OutOfReachError) and recorder.effects:
                failure = _partly_done(failure)
            return concluded(failure)


def _common(options: Options) -> dict[str, object]:
    """The parts of a request that are options of several commands."""
    return {
        "approved": options.yes,
        "adopt": tuple(options.adopt),
        "this_zenml": options.this_zenml,
    }


def _run_to_its_end(run: Run, options: Options) -> ZenstrapError | None:
    """Run the pipeline under the environment's lease; returns the error if it failed."""
    with log.written_to(run.log_name):
        try:
            _carry_out(run, options)
        except BaseException as error:
            if options.debug:
                traceback.print_exc()
            return explained(error, run.interrupt)
        return None


def _carry_out(run: Run, options: Options) -> None:
    with (
        told_by(lambda text: run.emit(Notice(text))),
        lease_held(run, partial(_require_no_other_state, run.platform)),
        _connected(run, options) as client,
        owner_settled(run, client),
        _control_stack(run, client),
        running.held(run),
    ):
        run.guard()
        _start(run)


def _partly_done(error: OutOfReachError) -> PartlyDoneError:
    return PartlyDoneError(
        error.what, where=error.where, why=error.why, fix=error.fix, command=error.command
    )


def _require_no_other_state(platform: Platform, place: StatePlace) -> None:
    """Before a bucket is created: check that no run in ZenML recorded a state in another place."""
    with zenml_client(debug=False) as client:
        from zenstrap.lifecycle.ownership import decide, gather

        decide(gather(platform, place, client), this_zenml=True)


@contextmanager
def _connected(run: Run, options: Options) -> Iterator[Client]:
    started = time.monotonic()
    run.emit(StepStarted("connect"))
    connected = False
    try:
        with zenml_client(debug=options.debug) as client:
            run.interrupt.check()
            # Importing the pipeline takes most of the start-up time.
            importlib.import_module(f"pipelines.{PIPELINES[run.command]}")
            run.interrupt.check()
            detail = "ZenML server" if is_server(client) else "ZenML's local database"
            run.emit(StepFinished("connect", "done", time.monotonic() - started, detail))
            connected = True
            yield client
    except BaseException:
        if not connected:
            run.record.failed_step = "connect"
            run.emit(StepFinished("connect", "failed", time.monotonic() - started))
        raise


@contextmanager
def _control_stack(run: Run, client: Client) -> Iterator[None]:
    from zenstrap.lifecycle.control_stack import control_stack
    from zenstrap.zenml_private.calls import on_stack

    stack = control_stack(client, run.config)
    active = stack.id == client.active_stack_model.id
    if not active:
        run.emit(Notice(f"zenstrap's own pipelines run on stack {stack.name}."))
    with nullcontext() if active else on_stack(stack.id):
        yield


def _start(run: Run) -> None:
    from zenstrap.runs import cascading_tags, owner_tag

    name = PIPELINES[run.command]
    pipeline = getattr(importlib.import_module(f"pipelines.{name}"), name)
    if run.owner:
        pipeline = pipeline.with_options(tags=cascading_tags(owner_tag(run.owner)))
    pipeline(config=run.config, request=run.request)


def _prompt(view: View, interrupt: Interrupt) -> Callable[[str], str] | None:
    if not can_ask():
        return None

    def answer(question: str) -> str:
        with view.paused():
            return ask(question, interrupt)

    return answer


def _plan_printer(platform: Platform, view: View, options: Options) -> Callable[[PlanReport], None]:
    def show(plan: PlanReport) -> None:
        if plan.is_idle or options.events:
            return
        from zenstrap.cli.outcome import print_plan

        with view.paused():
            print_plan(plan, platform, sys.stderr)

    return show
