"""Run a pipeline on a stack that isn't the user's active one, without changing the active one.

ZenML runs a pipeline on the active stack, and a step can start child pipelines only on its own
run's stack (a pipeline called otherwise silently doesn't run). So its run is created and started by
undocumented calls, see :mod:`zenstrap.zenml_private`.
"""

from __future__ import annotations

import contextvars
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenstrap.errors import InterruptedRunError
from zenstrap.foreign import speaking
from zenstrap.interrupt import Interrupt
from zenstrap.redaction import know, know_environment, passwords_in
from zenstrap.waiting import waiting_for
from zenstrap.zenml_private import calls, patches
from zenstrap.zenml_private.calls import StepOfRun
from zenstrap.zenml_server import be_patient_with_the_server

if TYPE_CHECKING:
    from zenml.models import PipelineRunResponse
    from zenml.pipelines.pipeline_definition import Pipeline

POLL_SECONDS = 0.2  # how soon a time limit or Ctrl-C is noticed while a training runs
ASK_SECONDS = 5.0  # between two status requests for a run on an asynchronous orchestrator
_RETRY_STOP_SECONDS = 0.02  # between two attempts to stop a training thread
_TRANSACTION_MODULES = ("sqlalchemy.", calls.STORES)  # code of these may be in a transaction
STOP_GRACE_SECONDS = 10.0  # how long a stopped training may take to unwind and record its end


class TimeLimitReached(BaseException):
    """Raised inside a pipeline that ran too long. A ``BaseException``, so that training code that
    catches ``Exception`` can't swallow it."""


@dataclass(frozen=True)
class EndedRun:
    """A run that has ended, successfully or not.

    Attributes:
        error: why it failed, if it did. ZenML doesn't record errors from before a step's own code,
            such as an artifact store that is out of reach.
    """

    run: PipelineRunResponse
    error: BaseException | None


def run_pipeline_on_stack(
    pipeline: Pipeline,
    stack_id: UUID,
    *,
    parameters: Mapping[str, Any],
    caller: StepOfRun,
    time_limit: float,
    interrupt: Interrupt,
    clock: Callable[[], float] = time.monotonic,
) -> EndedRun:
    """Run a pipeline to its end on a stack, linked under the step that calls this.

    Also on an asynchronous orchestrator such as Airflow: ZenML is polled for the run's end. Work
    that already runs on other machines isn't stopped there.

    Args:
        caller: the step that starts it; the dashboard shows the run under that step.
        time_limit: seconds; a pipeline that takes longer is stopped.
        clock: a monotonic clock, in seconds.

    Returns:
        The run, successful or not: check its status.

    Raises:
        TimeLimitReached: it took too long; its run is marked as failed.
        InterruptedRunError: the user asked to stop; its run is marked as failed.
    """
    with (
        calls.on_stack(stack_id),
        speaking(),
        waiting_for(f"the run of {pipeline.name}", time_limit),
    ):
        work = _Work(pipeline, dict(parameters), caller)
        deadline = clock() + time_limit
        work.start()
        while work.is_alive():
            work.join(POLL_SECONDS)
            if work.is_alive() and (interrupt.requested or clock() > deadline):
                _stop(work)
                interrupt.check()
                raise TimeLimitReached(f"stopped after {time_limit:g} seconds")
        run = work.result()
        try:
            while not run.status.is_finished:
                remaining = deadline - clock()
                if remaining <= 0:
                    raise TimeLimitReached(f"not finished after {time_limit:g} seconds")
                interrupt.wait(min(ASK_SECONDS, remaining))
                run = work.result()
        except (TimeLimitReached, InterruptedRunError):
            _record_end(run.id)
            raise
        return EndedRun(run, work.error)


def _know_secrets() -> None:
    """Know what is secret of this process's environment, and of its login with ZenML.

    ZenML removes a password from the store's URL and keeps it in a separate field.
    """
    know_environment(os.environ)
    store = calls.store_configuration()
    know(*passwords_in(store.url))
    for name in ("password", "api_key", "api_token"):
        value = getattr(store, name, None)
        if value is not None:
            know(value.get_secret_value() if hasattr(value, "get_secret_value") else str(value))


def prepare_zenml() -> None:
    """Patch ZenML in this process and learn its secrets, before a run begins; may be repeated."""
    patches.note_packages_without_pip()
    patches.redact_what_zenml_records()
    patches.leave_signals_to_us()
    be_patient_with_the_server()
    _know_secrets()


class _Work(threading.Thread):
    """Compiles, records and runs the pipeline in its own thread.

    A thread can be stopped at a time limit, and it starts without the context variables by which
    ZenML forbids a pipeline inside a step.
    """

    def __init__(self, pipeline: Pipeline, parameters: dict[str, Any], caller: StepOfRun) -> None:
        super().__init__(name=f"pipeline of step {caller.step_id}", daemon=True)
        self._pipeline = pipeline
        self._parameters = parameters
        self._caller = caller
        self.error: BaseException | None = None
        self.run_id: UUID | None = None

    def run(self) -> None:
        contextvars.Context().run(self._run)

    def result(self) -> PipelineRunResponse:
        from zenml.client import Client

        if self.run_id is None:
            assert self.error is not None
            raise self.error
        return Client().get_pipeline_run(self.run_id)

    def _run(self) -> None:
        try:
            recorded = calls.record_run(self._pipeline, self._parameters, self._caller)
            self.run_id = recorded.run.id
            calls.start(recorded)
        except BaseException as error:  # once the run exists, ZenML records its failure
            self.error = error


def _stop(work: _Work) -> None:
    """Raise inside the working thread, give it time to unwind, and mark its run as failed."""
    assert work.ident is not None
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    while work.is_alive() and not _raise_in(work.ident) and time.monotonic() < deadline:
        work.join(_RETRY_STOP_SECONDS)
    work.join(STOP_GRACE_SECONDS)
    if work.run_id:
        _record_end(work.run_id)


def _raise_in(thread: int) -> bool:
    """Raise ``TimeLimitReached`` in a thread, unless it may be in a database transaction.

    An aborted transaction would stay open and keep the database locked. The error is raised at the
    thread's next call, return or loop iteration.
    """
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_TRANSACTION_MODULES):
            return False
        frame = frame.f_back
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(TimeLimitReached)
    )
    return True


def _record_end(run_id: UUID) -> None:
    """Mark a run as failed, unless it has ended."""
    from zenml.client import Client

    if not Client().get_pipeline_run(run_id, hydrate=False).status.is_finished:
        calls.fail_run(Client(), run_id)
