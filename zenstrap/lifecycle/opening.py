"""Opens and closes the run of a pipeline: lease, state, owner, and the recorded outcome.

    with opened(config, request, "up") as run: …

The command line opens its run earlier (``lease_held``, ``owner_settled``), to have the lease
before ZenML creates a pipeline run; ``opened`` then uses that run.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from zenstrap import log, paths, running, stopping
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import (
    LockHeldError,
    UsageError,
    ZenstrapError,
    causes,
)
from zenstrap.events import Notice, RunStarted, StepFinished, StepStarted
from zenstrap.lease import Lease
from zenstrap.platforms import platform_of
from zenstrap.platforms.base import StatePlace
from zenstrap.redaction import redact
from zenstrap.request import Request
from zenstrap.running import Run
from zenstrap.state_lock import free_dead_locks
from zenstrap.terraform.orphans import wait_until_gone
from zenstrap.zenml_private.calls import (
    ACTIVE_STACK_VARIABLE,
    active_stacks,
    replace_active_stacks,
    run_of_body,
    run_url,
)

if TYPE_CHECKING:
    from uuid import UUID

    from zenml.client import Client
    from zenml.models import PipelineRunResponse

BeforeCreate = Callable[[StatePlace], None]

_LONGEST: Final = 300  # characters of another library's error in a run's metadata


@contextmanager
def opened(config: EnvironmentConfig, request: Request, command: str) -> Iterator[Run]:
    """The run of a pipeline's body, which holds the environment's lease; its steps use it.

    If the command line started the pipeline, that is the run which holds the lease already.
    Otherwise the lease is acquired now, and the run has no audience: no events, no prompts.

    Raises:
        LockHeldError: a live run holds the lease.
        UsageError: the pipeline was started on a stack that zenstrap's pipelines can't run on.
        ZenstrapError: state, lease or ZenML can't be reached, or the environment belongs to
            another owner.
    """
    record = run_of_body()
    held = running.held_for(config.environment)
    with ExitStack() as stack:
        recorded_runs = stack.enter_context(_outcome_recorded(record))
        run = held or stack.enter_context(_acquired(config, request, command, record))
        recorded_runs.append(run)
        stack.enter_context(running.opened(run, str(record.id), record.name))
        run.emit(RunStarted(run.environment, run.command, record.name, run_url(record)))
        yield run


@contextmanager
def lease_held(run: Run, before_create: BeforeCreate | None = None) -> Iterator[None]:
    """Hold the environment's lease, after locks of dead runs are released.

    At the end the run's files are deleted: they hold secrets.

    Args:
        before_create: called with the state's place before that is created; may raise.

    Raises:
        LockHeldError: a live run holds the lease, or its Terraform is still running.
        ZenstrapError: state or lease can't be reached.
    """
    run.place = place = _state_place(run, before_create or (lambda place: None))
    with Lease.acquire(
        place.leases,
        run.environment,
        run.command,
        emit=run.emit,
        on_lost=partial(_stop_at_once, run),
        pause=run.wait,
    ) as lease:
        run.lease = lease
        _release_dead_locks(place, lease, run)
        try:
            yield
        except BaseException as error:
            if lease.is_lost:
                lease.check()  # reports the lost lease rather than the interruption that it caused
            if _leaves_a_lock(error):
                lease.leave()  # the run that takes it over releases the state's lock
            raise
        finally:
            if lease.is_lost:
                remove_own_files(run)
            else:
                _remove_files(run)


@contextmanager
def owner_settled(run: Run, client: Client, *, but: str = "") -> Iterator[None]:
    """Determine the environment's owner, and mark unfinished runs of dead processes as failed.

    At the end of a successful run the owner's record beside the state is updated.

    Args:
        but: id of the ZenML run that is unfinished but not dead: this one.

    Raises:
        NameTakenError, StateGuardError, DamagedOwnerError: see
            :func:`zenstrap.lifecycle.ownership.settle_owner`.
    """
    from zenstrap.lifecycle.ownership import settle_owner
    from zenstrap.lifecycle.rescuing import put_back
    from zenstrap.runs import fail_dead_runs

    assert run.place is not None, "the lease is held first"
    place = run.place
    with run.stage("state"):
        put_back(place, client, run)
    with run.stage("owner"):
        owner = settle_owner(place, client, run, this_zenml=run.request.this_zenml)
    for name in fail_dead_runs(client, run.environment, run.owner, but=but):
        run.emit(Notice(f"Run {name} was killed; it is now marked as failed.", "warning"))
    with _active_stacks(client, run):
        yield
    if owner is not None:
        if run.lease is not None:
            run.lease.check()
        place.owners.write(owner)
    if run.command == "down":
        run.platform.tidy_up()


def remove_own_files(run: Run) -> None:
    """Delete this run's plan and variable files."""
    shutil.rmtree(run.run_folder, ignore_errors=True)
    with suppress(OSError):  # not empty while other runs have files in it
        run.run_folder.parent.rmdir()


def _remove_files(run: Run) -> None:
    """Delete them and those of killed runs. Only for the run that holds the lease."""
    shutil.rmtree(run.run_folder.parent, ignore_errors=True)
    folder = paths.environment_folder(run.environment)
    for empty in (folder, folder.parent):  # empty only after a down
        with suppress(OSError):
            empty.rmdir()


@contextmanager
def _acquired(
    config: EnvironmentConfig, request: Request, command: str, record: PipelineRunResponse
) -> Iterator[Run]:
    """A run that the command line didn't open: it acquires the lease now."""
    from zenml.client import Client

    from zenstrap.execution import prepare_zenml
    from zenstrap.runs import tag_owner, tag_refused

    prepare_zenml()
    client = Client()
    with ExitStack() as stack:
        stop = stack.enter_context(stopping.ensured())
        run = Run(platform_of(config), command, request, interrupt=stop.interrupt)
        notice = stopping.saying("the operation in progress is finished first")
        stack.enter_context(stop.finishing(notice))
        stack.enter_context(log.written_to(run.log_name))
        _require_control_stack(config, client, record)
        try:
            stack.enter_context(lease_held(run))
        except LockHeldError:
            tag_refused(client, record)
            raise
        stack.enter_context(owner_settled(run, client, but=str(record.id)))
        tag_owner(client, record, run.owner)
        yield run


def _require_control_stack(
    config: EnvironmentConfig, client: Client, record: PipelineRunResponse
) -> None:
    """Refuse a run that was started on another stack than the control stack."""
    from zenstrap.lifecycle.control_stack import control_stack

    stack = control_stack(client, config)
    if record.stack is not None and record.stack.id != stack.id:
        raise UsageError(
            f"zenstrap's pipelines don't run on the stack {record.stack.name}",
            why="zenstrap manages that stack, or control_stack names another one",
            fix="Activate the control stack, then start the pipeline again",
            command=f"zenml stack set {stack.name}",
        )


@contextmanager
def _outcome_recorded(record: PipelineRunResponse) -> Iterator[list[Run]]:
    """Write the outcome, and the changes of the run that is added, to ZenML's run as metadata."""
    from zenstrap.runs import record_end

    outcome = "done"
    runs: list[Run] = []
    try:
        yield runs
    except BaseException as error:
        reason = error.what if isinstance(error, ZenstrapError) else _one_line(error)
        outcome = f"failed: {reason}"
        raise
    finally:
        with suppress(Exception):  # the error that ended the run matters more
            record_end(str(record.id), outcome, runs[0].record.changes if runs else None)


def _one_line(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return redact(text)[:_LONGEST].rstrip(": ")


def _state_place(run: Run, before_create: BeforeCreate) -> StatePlace:
    """The place of state and lease; the only thing that is created before the plan is shown."""
    step, create = run.platform.place_step, run.command == "up"
    if step is None:
        return run.platform.state_place(create=create)
    started = time.monotonic()
    run.emit(StepStarted(step))
    try:
        with run.stage(step):
            place = run.platform.state_place(create=create, before_create=before_create)
    except BaseException:
        run.emit(StepFinished(step, "failed", time.monotonic() - started))
        raise
    run.record.changed_first = place.detail if place.changed else ""
    run.emit(StepFinished(step, "done", time.monotonic() - started, place.detail))
    return place


def _stop_at_once(run: Run) -> None:
    """Another run holds the lease: this one's Terraform must not overwrite its state."""
    run.interrupt.request()
    run.interrupt.request()


def _leaves_a_lock(error: BaseException) -> bool:
    return any(isinstance(cause, ZenstrapError) and cause.leaves_lock for cause in causes(error))


def _release_dead_locks(place: StatePlace, lease: Lease, run: Run) -> None:
    """Wait until a killed run's Terraform has ended, then release the state locks that it left.

    Until that is done, the lease names the killed run.
    """
    dead = lease.record.took_over
    try:
        state = place.storage.place(run.environment)
        wait_until_gone(state, wait=run.wait, emit=run.emit)
        if place.locks is not None and dead:
            free_dead_locks(place.locks, run.environment, dead, run.emit)
    except BaseException:
        if dead:
            lease.leave()
        raise


@contextmanager
def _active_stacks(client: Client, run: Run) -> Iterator[None]:
    """Note the user's active stacks; afterwards replace those that the run deleted."""
    before = active_stacks(client)
    run.active_stacks = frozenset(before.values())
    try:
        yield
    except BaseException:
        with suppress(Exception):  # the error that ended the run matters more
            _replace_deleted_active_stacks(before, client, run)
        raise
    _replace_deleted_active_stacks(before, client, run)


def _replace_deleted_active_stacks(before: Mapping[UUID, str], client: Client, run: Run) -> None:
    from zenstrap.lifecycle.control_stack import ZENML_DEFAULT

    registered = {
        stack.id for name in before.values() for stack in client.list_stacks(name=name).items
    }
    deleted = {id_: name for id_, name in before.items() if id_ not in registered}
    if not deleted:
        return
    replace_active_stacks(client, deleted, ZENML_DEFAULT)
    run.emit(Notice(f"ZenML's stack {ZENML_DEFAULT} is active now.", "warning"))
    if os.environ.get(ACTIVE_STACK_VARIABLE) in {str(id_) for id_ in deleted}:
        run.emit(Notice(f"{ACTIVE_STACK_VARIABLE} names a deleted stack: unset it.", "warning"))
