"""The commands that run a pipeline: ``up``, ``plan``, ``down``, ``rollback``."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

from zenstrap import paths, session, stopping
from zenstrap.cli.failures import explained
from zenstrap.cli.options import Options
from zenstrap.cli.outcome import Outcome, conclude
from zenstrap.cli.prompt import ask, can_ask
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.config.names import project_name_fault, version_fault
from zenstrap.config.spelling import nearest
from zenstrap.errors import (
    InterruptedRunError,
    OutOfReachError,
    PartlyDoneError,
    UsageError,
    ZenstrapError,
    causes,
)
from zenstrap.events import Notice, StepFinished, StepStarted
from zenstrap.interrupt import Interrupt
from zenstrap.lease import Lease
from zenstrap.lifecycle.infrastructure import terraform_for
from zenstrap.platforms import platform_of
from zenstrap.platforms.base import Platform, StatePlace
from zenstrap.session import Session
from zenstrap.views.select import select
from zenstrap.views.sink import Recorder, View, tee
from zenstrap.waiting import told_by

if TYPE_CHECKING:
    from uuid import UUID

    from zenml.client import Client

    from zenstrap.owner import Owner
    from zenstrap.reports import PlanReport

Verb = Literal["up", "plan", "down", "rollback"]
PIPELINES: dict[Verb, str] = {
    "up": "bootstrap",
    "plan": "plan",
    "down": "teardown",
    "rollback": "rollback",
}


def up(config: EnvironmentConfig, options: Options) -> int:
    """Bring the environment up; see ``pipelines/bootstrap.py``."""
    return _run("up", config, options)


def plan(config: EnvironmentConfig, options: Options) -> int:
    """Plan only; exit code 2 where something would change."""
    return _run("plan", config, options)


def down(config: EnvironmentConfig, options: Options) -> int:
    """Take the environment away; see ``pipelines/teardown.py``."""
    return _run("down", config, options)


def rollback(
    config: EnvironmentConfig,
    options: Options,
    project: str | None,
    to: str | None,
    smoke_test: bool,
) -> int:
    """Bring one alias back to an earlier version; see ``pipelines/rollback.py``."""
    _require_meant(config, project, to)
    return _run("rollback", config, options, {"project": project, "to": to, "test": smoke_test})


def _require_meant(config: EnvironmentConfig, project: str | None, to: str | None) -> None:
    """What can be seen to be a slip without asking ZenML, which takes seconds.

    Raises:
        UsageError: what was given can't be a version or an ML project, or is nearly one.
    """
    if to is not None and (fault := version_fault(to)):
        raise UsageError(fault, where="--to", fix="Name one that status shows")
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
    verb: Verb,
    config: EnvironmentConfig,
    options: Options,
    given: Mapping[str, object] | None = None,
) -> int:
    """Run a pipeline.

    Args:
        given: further parameters of the pipeline.
    """
    started = time.monotonic()
    platform = platform_of(config)
    if verb != "rollback":
        terraform_for(platform)
    stop = stopping.current()
    recorder = Recorder()
    with select(stdout=options.telling.stdout, events=options.events) as view:
        run = Session(
            platform=platform,
            command=verb,
            emit=tee(recorder, view),
            interrupt=stop.interrupt,
            ask=_asking(view, stop.interrupt),
            assume_yes=options.yes,
            adopt=frozenset(options.adopt),
            told=options.told,
            show_plan=_showing(platform, view, options),
        )
        if verb in ("up", "plan"):
            for warning in options.warnings:
                run.emit(Notice(warning, "warning"))

        def concluded(failure: ZenstrapError | None) -> int:
            view.stop()
            seconds = time.monotonic() - started
            return conclude(Outcome(verb, config, run, recorder, failure, seconds), options)

        def end_at_once() -> None:
            _remove_files(run)
            concluded(
                InterruptedRunError(
                    "ended at once, in the middle of what was being done",
                    why="a stop was requested a second time",
                )
            )

        with stop.before_the_end(end_at_once), stop.finishing(run.heard):
            failure = _ended(verb, config, run, options, given or {})
            if isinstance(failure, OutOfReachError) and recorder.effects:
                failure = _partly_done(failure)
            return concluded(failure)


def _ended(
    verb: Verb,
    config: EnvironmentConfig,
    run: Session,
    options: Options,
    given: Mapping[str, object],
) -> ZenstrapError | None:
    """Run the pipeline under the environment's lease; what it failed with."""
    try:
        with (
            told_by(lambda text: run.emit(Notice(text))),
            held_place(config, run) as place,
            session.opened(run),
            without_files(run),
        ):
            _run_pipeline(verb, config, run, options, given, place)
    except BaseException as error:
        if options.debug:
            traceback.print_exc()
        return explained(error, run.interrupt)
    return None


def _partly_done(error: OutOfReachError) -> PartlyDoneError:
    return PartlyDoneError(
        error.what, where=error.where, why=error.why, fix=error.fix, command=error.command
    )


@contextmanager
def held_place(config: EnvironmentConfig, run: Session) -> Iterator[StatePlace]:
    """Within this the run has the environment's lease, and what dead runs held is free.

    Raises:
        LockHeldError: a live run has it, or its Terraform is at work.
        ZenstrapError: state or lease is out of reach.
    """
    place = _state_place(config, run)
    run.storage = place.storage
    with Lease.acquire(
        place.leases,
        run.environment,
        run.command,
        emit=run.emit,
        on_lost=_stopping_at_once(run),
        pause=run.wait,
    ) as lease:
        run.lease = lease
        _settle_killed_runs(place, lease, run)
        try:
            yield place
        except BaseException as error:
            if lease.is_lost:
                lease.check()  # says so, and not that somebody interrupted the run
            if _left_a_lock(error):
                lease.leave()  # whoever takes it over frees the state's lock
            raise


def _stopping_at_once(run: Session) -> Callable[[], None]:
    """Somebody else has the lease: Terraform must not save a state over theirs."""

    def stop() -> None:
        run.interrupt.request()
        run.interrupt.request()

    return stop


def _left_a_lock(error: BaseException) -> bool:
    return any(isinstance(one, ZenstrapError) and one.leaves_lock for one in causes(error))


def _settle_killed_runs(place: StatePlace, lease: Lease, run: Session) -> None:
    """First the Terraform of a killed run ends, then what it left locked is freed.

    Until that is done, the lease remembers the run.
    """
    from zenstrap.terraform.orphans import wait_until_gone

    dead = lease.record.took_over
    try:
        state = place.storage.place(run.environment)
        wait_until_gone(state, wait=run.wait, emit=run.emit)
        if place.locks is not None and dead:
            from zenstrap.state_lock import free_dead_locks

            free_dead_locks(place.locks, run.environment, dead, run.emit)
    except BaseException:
        if dead:
            lease.leave()
        raise


def _state_place(config: EnvironmentConfig, run: Session) -> StatePlace:
    """Where state and lease are; the only thing that is made before a plan was shown."""
    step = run.platform.place_step
    if step is None:
        return run.platform.state_place(create=run.command == "up")
    started = time.monotonic()
    run.emit(StepStarted(step))
    try:
        place = run.platform.state_place(
            create=run.command == "up", before_create=partial(_require_no_other_place, config)
        )
    except BaseException:
        run.failed_step = step
        run.emit(StepFinished(step, "failed", time.monotonic() - started))
        raise
    run.changed_first = place.detail if place.changed else ""
    run.emit(StepFinished(step, "done", time.monotonic() - started, place.detail))
    return place


def _require_no_other_place(config: EnvironmentConfig, place: StatePlace) -> None:
    """Before a bucket is made: that ZenML knows of no state of the environment's elsewhere."""
    with zenml_client(debug=False) as client:
        from zenstrap.lifecycle.ownership import decide, gather

        decide(gather(config, place, client), this_zenml=True)


@contextmanager
def without_files(run: Session) -> Iterator[None]:
    """Plan and variable files hold secrets: they go when the run ends, and a killed run's too."""
    try:
        yield
    finally:
        _remove_files(run)


def _remove_files(run: Session) -> None:
    shutil.rmtree(run.run_folder.parent, ignore_errors=True)
    folder = paths.environment_folder(run.environment)
    for empty in (folder, folder.parent):  # after a down; otherwise they aren't empty
        with suppress(OSError):
            empty.rmdir()


def _run_pipeline(
    verb: Verb,
    config: EnvironmentConfig,
    run: Session,
    options: Options,
    given: Mapping[str, object],
    place: StatePlace,
) -> None:
    with _connected(run, options) as client:
        _put_back(config, place, client, run)
        owner = _settle_owner(config, place, client, run, options)
        _settle_dead_runs(config, client, run)
        with _active_stacks(client, run), _control_stack(config, client, run):
            run.guard()
            _start(verb, config, run, given)
        if owner is not None:
            if run.lease is not None:
                run.lease.check()
            place.owners.write(owner)
        if verb == "down":
            run.platform.tidy_up()


@contextmanager
def _connected(run: Session, options: Options) -> Iterator[Client]:
    started = time.monotonic()
    run.emit(StepStarted("connect"))
    try:
        with zenml_client(debug=options.debug) as client:
            run.interrupt.check()
            # The pipelines' imports are most of what a start takes.
            importlib.import_module(f"pipelines.{PIPELINES[run.command]}")  # type: ignore[index]
            run.interrupt.check()
            store = client.zen_store.config.type.value
            detail = "ZenML server" if store == "rest" else "ZenML's local database"
            run.emit(StepFinished("connect", "done", time.monotonic() - started, detail))
            started = 0.0
            yield client
    except BaseException:
        if started:
            run.failed_step = "connect"
            run.emit(StepFinished("connect", "failed", time.monotonic() - started))
        raise


def _put_back(config: EnvironmentConfig, place: StatePlace, client: Client, run: Session) -> None:
    from zenstrap.lifecycle.rescuing import put_back

    try:
        put_back(config, place, client, run)
    except BaseException:
        run.failed_step = "state"
        raise


def _settle_owner(
    config: EnvironmentConfig, place: StatePlace, client: Client, run: Session, options: Options
) -> Owner | None:
    from zenstrap.lifecycle.ownership import settle_owner

    try:
        return settle_owner(config, place, client, run, this_zenml=options.this_zenml)
    except BaseException:
        run.failed_step = "owner"
        raise


def _settle_dead_runs(config: EnvironmentConfig, client: Client, run: Session) -> None:
    from zenstrap.runs import fail_dead_runs

    for name in fail_dead_runs(client, config.environment, run.owner):
        run.emit(Notice(f"Run {name} had been killed; it is marked as failed now.", "warning"))


@contextmanager
def _active_stacks(client: Client, run: Session) -> Iterator[None]:
    """Before a run, what is active for the user; after it, none that is gone."""
    from zenstrap.execution import active_stacks

    before = active_stacks(client)
    run.active_stacks = frozenset(before.values())
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what ended the run is what there is to tell
            _settle_active_stacks(before, client, run)
        raise
    _settle_active_stacks(before, client, run)


def _settle_active_stacks(before: Mapping[UUID, str], client: Client, run: Session) -> None:
    from zenstrap.execution import ACTIVE_STACK_VARIABLE, replace_active_stacks
    from zenstrap.lifecycle.control_stack import ZENML_DEFAULT

    there = {stack.id for name in before.values() for stack in client.list_stacks(name=name).items}
    gone = {id_: name for id_, name in before.items() if id_ not in there}
    if not gone:
        return
    replace_active_stacks(client, gone, ZENML_DEFAULT)
    run.emit(Notice(f"ZenML's stack {ZENML_DEFAULT} is active now.", "warning"))
    if os.environ.get(ACTIVE_STACK_VARIABLE) in {str(id_) for id_ in gone}:
        run.emit(
            Notice(f"{ACTIVE_STACK_VARIABLE} names a stack that is gone: unset it.", "warning")
        )


@contextmanager
def _control_stack(config: EnvironmentConfig, client: Client, run: Session) -> Iterator[None]:
    from zenstrap.execution import on_stack
    from zenstrap.lifecycle.control_stack import control_stack

    stack = control_stack(client, config)
    active = stack.id == client.active_stack_model.id
    if not active:
        run.emit(Notice(f"zenstrap's own pipelines run on stack {stack.name}."))
    with nullcontext() if active else on_stack(stack.id):
        yield


def _start(
    verb: Verb, config: EnvironmentConfig, run: Session, given: Mapping[str, object]
) -> None:
    from zenstrap.runs import run_options

    name = PIPELINES[verb]
    pipeline = getattr(importlib.import_module(f"pipelines.{name}"), name)
    configured = pipeline.with_options(
        substitutions={"environment": config.environment},
        **run_options(config.environment, run.owner, name, verb),
    )
    # Dumped and validated again: the dashboard shows only fields that were explicitly set.
    configured(config=EnvironmentConfig.model_validate(config.model_dump(mode="json")), **given)


def _asking(view: View, interrupt: Interrupt) -> session.Ask | None:
    if not can_ask():
        return None

    def answer(question: str) -> str:
        with view.paused():
            return ask(question, interrupt)

    return answer


def _showing(platform: Platform, view: View, options: Options) -> session.ShowPlan:
    def show(plan: PlanReport) -> None:
        if plan.is_idle or options.events:
            return
        from zenstrap.cli.outcome import print_plan

        with view.paused():
            print_plan(plan, platform, sys.stderr)

    return show
