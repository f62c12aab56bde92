"""From a request to a run that holds its environment, and back: what a pipeline's body does.

    with opened(config, request, "up") as run: …

The command line does the same beforehand (``lease_held``, ``settled``), so that it has the lease
before ZenML has a run, and the body finds that run held.
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

_LONGEST: Final = 300  # characters of another library's error among a run's metadata


@contextmanager
def opened(config: EnvironmentConfig, request: Request, command: str) -> Iterator[Run]:
    """In the body of a pipeline: within this the run has its environment, and its steps find it.

    Started from the command line, it has it already. Started from anywhere else, it gets it here,
    and nobody watches it or is asked.

    Raises:
        LockHeldError: a live run has the environment.
        UsageError: the stack that the pipeline runs on isn't fit to carry it.
        ZenstrapError: state, lease or ZenML can't be reached, or the environment isn't ours.
    """
    record = run_of_body()
    held = running.held_for(config.environment)
    with ExitStack() as stack:
        recorded = stack.enter_context(_recorded(record))
        run = held or stack.enter_context(_taken(config, request, command, record))
        recorded.append(run)
        stack.enter_context(running.opened(run, str(record.id), record.name))
        run.emit(RunStarted(run.environment, run.command, record.name, run_url(record)))
        yield run


@contextmanager
def lease_held(run: Run, before_create: BeforeCreate | None = None) -> Iterator[None]:
    """Within this the run has the environment's lease, and what dead runs held is free.

    At its end the run's files are gone: they hold secrets.

    Args:
        before_create: is given the state's place before that is created, and may raise.

    Raises:
        LockHeldError: a live run has it, or its Terraform is at work.
        ZenstrapError: state or lease is out of reach.
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
        _settle_dead_locks(place, lease, run)
        try:
            yield
        except BaseException as error:
            if lease.is_lost:
                lease.check()  # says so, and not that somebody interrupted the run
            if _left_a_lock(error):
                lease.leave()  # whoever takes it over frees the state's lock
            raise
        finally:
            if lease.is_lost:
                remove_own_files(run)
            else:
                _remove_files(run)


@contextmanager
def settled(run: Run, client: Client, *, but: str = "") -> Iterator[None]:
    """Within this it is settled whose the environment is, and no dead run is left unfinished.

    At its end, if all went well, what became of the environment is written beside its state.

    Args:
        but: id of a run of ZenML's that isn't finished and isn't dead: this one.

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
        run.emit(Notice(f"Run {name} had been killed; it is marked as failed now.", "warning"))
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
    with suppress(OSError):  # where there are others', it isn't empty
        run.run_folder.parent.rmdir()


def _remove_files(run: Run) -> None:
    """Likewise, and those of killed runs. Only for whoever holds the environment's lease."""
    shutil.rmtree(run.run_folder.parent, ignore_errors=True)
    folder = paths.environment_folder(run.environment)
    for empty in (folder, folder.parent):  # after a down; otherwise they aren't empty
        with suppress(OSError):
            empty.rmdir()


@contextmanager
def _taken(
    config: EnvironmentConfig, request: Request, command: str, record: PipelineRunResponse
) -> Iterator[Run]:
    """A run that nobody held: it takes the environment now."""
    from zenml.client import Client

    from zenstrap.execution import prepare_zenml
    from zenstrap.runs import tag_owner, tag_refused

    prepare_zenml()
    client = Client()
    with ExitStack() as stack:
        stop = stack.enter_context(stopping.ensured())
        run = Run(platform_of(config), command, request, interrupt=stop.interrupt)
        tell = stopping.saying("the operation in progress is finished first")
        stack.enter_context(stop.finishing(tell))
        stack.enter_context(log.written_to(run.log_name))
        _require_fit_stack(config, client, record)
        try:
            stack.enter_context(lease_held(run))
        except LockHeldError:
            tag_refused(client, record)
            raise
        stack.enter_context(settled(run, client, but=str(record.id)))
        tag_owner(client, record, run.owner)
        yield run


def _require_fit_stack(
    config: EnvironmentConfig, client: Client, record: PipelineRunResponse
) -> None:
    """The stack that a run was started on must be one that may carry it."""
    from zenstrap.lifecycle.control_stack import control_stack

    fit = control_stack(client, config)
    if record.stack is not None and record.stack.id != fit.id:
        raise UsageError(
            f"zenstrap's pipelines don't run on the stack {record.stack.name}",
            why="It is one that zenstrap registers, or control_stack names another",
            fix="Start it on that one",
            command=f"zenml stack set {fit.name}",
        )


@contextmanager
def _recorded(record: PipelineRunResponse) -> Iterator[list[Run]]:
    """What becomes of this, and of the run that is added, is among the metadata of ZenML's run."""
    from zenstrap.runs import record_end

    outcome = "done"
    of: list[Run] = []
    try:
        yield of
    except BaseException as error:
        reason = error.what if isinstance(error, ZenstrapError) else _in_a_line(error)
        outcome = f"failed: {reason}"
        raise
    finally:
        with suppress(Exception):  # what ended the run is what there is to tell
            record_end(str(record.id), outcome, of[0].record.changes if of else None)


def _in_a_line(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return redact(text)[:_LONGEST].rstrip(": ")


def _state_place(run: Run, before_create: BeforeCreate) -> StatePlace:
    """Where state and lease are; the only thing that is made before a plan was shown."""
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
    """Somebody else has the lease: Terraform must not save a state over theirs."""
    run.interrupt.request()
    run.interrupt.request()


def _left_a_lock(error: BaseException) -> bool:
    return any(isinstance(one, ZenstrapError) and one.leaves_lock for one in causes(error))


def _settle_dead_locks(place: StatePlace, lease: Lease, run: Run) -> None:
    """First the Terraform of a killed run ends, then what it left locked is freed.

    Until that is done, the lease remembers the run.
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
    """Before a run, what is active for the user; after it, none that is gone."""
    before = active_stacks(client)
    run.active_stacks = frozenset(before.values())
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what ended the run is what there is to tell
            _settle_active_stacks(before, client, run)
        raise
    _settle_active_stacks(before, client, run)


def _settle_active_stacks(before: Mapping[UUID, str], client: Client, run: Run) -> None:
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
