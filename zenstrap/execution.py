"""Running a pipeline on a stack that isn't the user's active one, and leaving that one alone.

ZenML 0.98 runs a pipeline on the active stack, and lets a step start only child pipelines on its
parent's stack (called plainly, one silently doesn't run). What is needed here goes through calls
that ZenML doesn't promise to keep, so all of them are in this module, ZenML is pinned exactly,
and ``tests/test_execution.py`` holds them.
"""

from __future__ import annotations

import contextvars
import copy
import ctypes
import functools
import importlib.metadata
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from zenstrap.errors import InterruptedRunError
from zenstrap.foreign import speaking
from zenstrap.interrupt import Interrupt
from zenstrap.redaction import redact
from zenstrap.waiting import waiting_for
from zenstrap.zenml_server import be_patient_with_the_server

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import PipelineRunResponse
    from zenml.pipelines.pipeline_definition import Pipeline

ACTIVE_STACK_VARIABLE = "ZENML_ACTIVE_STACK_ID"
POLL_SECONDS = 0.2  # how soon a time limit or Ctrl-C is noticed while a training runs
ASK_SECONDS = 5.0  # how often ZenML is asked for a run that nothing here waits for
_LOOK_SECONDS = 0.02  # between two looks whether a training that is to stop may be broken off
_IN_A_TRANSACTION = ("sqlalchemy.", "zenml.zen_stores.")  # modules
_PRINTED = {"stdout": logging.INFO, "stderr": logging.ERROR}  # ZenML's names and levels of it
STOP_GRACE_SECONDS = 10.0  # how long a stopped training may take to unwind and record its end


class TimeLimitReached(BaseException):
    """Raised inside a pipeline that ran too long. No ``Exception``, so that training code that
    swallows those can't swallow this."""


@dataclass(frozen=True)
class EndedRun:
    """A run that has ended, well or not.

    Attributes:
        error: what ended it, where it failed. ZenML records nothing of what it met before a
            step's own code, such as an artifact store that it can't reach.
    """

    run: PipelineRunResponse
    error: BaseException | None


@contextmanager
def on_stack(stack_id: UUID) -> Iterator[None]:
    """Within this, ZenML's active stack is another one, for this process alone.

    Not for use from several threads at once: what ZenML takes for active is global to a process.
    """
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    client, configuration = Client(), GlobalConfiguration()
    before = os.environ.get(ACTIVE_STACK_VARIABLE)
    active_id, active_model = configuration.active_stack_id, configuration._active_stack
    client._active_stack = None  # a stale cached model would be written to disk as the active stack
    os.environ[ACTIVE_STACK_VARIABLE] = str(stack_id)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(ACTIVE_STACK_VARIABLE, None)
        else:
            os.environ[ACTIVE_STACK_VARIABLE] = before
        client._active_stack = None
        if configuration.active_stack_id != active_id:
            configuration.active_stack_id, configuration._active_stack = active_id, active_model


def active_stacks(client: Client) -> dict[UUID, str]:
    """The stacks that are active for the user, by id: in this repository, and everywhere else."""
    from zenml.config.global_config import GlobalConfiguration

    active = client.active_stack_model
    found = {active.id: active.name}
    elsewhere = GlobalConfiguration().active_stack_id
    if elsewhere is not None and elsewhere not in found:
        with suppress(KeyError):
            found[elsewhere] = client.get_stack(elsewhere).name
    return found


def replace_active_stacks(client: Client, gone: Collection[UUID], instead: str) -> None:
    """Let no configuration of ZenML's name a stack that was deleted.

    ZenML itself looks only at its next start, and then says nothing.
    """
    from zenml.config.global_config import GlobalConfiguration

    stack = client.get_stack(instead, allow_name_prefix_match=False)
    for configuration in (client._config, GlobalConfiguration()):
        if configuration is not None and configuration.active_stack_id in gone:
            configuration.set_active_stack(stack)
    client._active_stack = None


def run_pipeline_on_stack(
    pipeline: Pipeline,
    stack_id: UUID,
    *,
    parameters: Mapping[str, Any],
    step_id: UUID,
    time_limit: float,
    interrupt: Interrupt,
    clock: Callable[[], float] = time.monotonic,
) -> EndedRun:
    """Run a pipeline to its end on a stack, linked under the step that calls this.

    Also where the orchestrator only takes it and lets go, as Airflow does: ZenML is then asked
    for its end. What already runs on other machines isn't stopped there.

    Args:
        step_id: the step run that it is started from; the dashboard shows one under the other.
        time_limit: seconds; a pipeline that takes longer is stopped where it is.
        clock: seconds that only grow.

    Returns:
        The run, whatever became of it: look at its status.

    Raises:
        TimeLimitReached: it took too long; its run is recorded as failed.
        InterruptedRunError: the user asked to stop; its run is recorded as failed.
    """
    with on_stack(stack_id), speaking(), waiting_for(f"the run of {pipeline.name}", time_limit):
        work = _Work(pipeline, dict(parameters), step_id)
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
                left = deadline - clock()
                if left <= 0:
                    raise TimeLimitReached(f"not finished after {time_limit:g} seconds")
                interrupt.wait(min(ASK_SECONDS, left))
                run = work.result()
        except (TimeLimitReached, InterruptedRunError):
            _record_end(run.id)
            raise
        return EndedRun(run, work.error)


def prepare_zenml() -> None:
    """What zenstrap asks of ZenML in this process, before a run begins; again, it does nothing."""
    note_packages_without_pip()
    redact_what_zenml_records()
    leave_signals_to_us()
    be_patient_with_the_server()


def current_run() -> PipelineRunResponse:
    """ZenML's run whose dynamic pipeline's body calls this.

    Raises:
        RuntimeError: it isn't the body of one.
    """
    from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext

    context = DynamicPipelineRunContext.get()
    if context is None:
        raise RuntimeError("no dynamic pipeline is running here")
    return context.run


def leave_signals_to_us() -> None:
    """Keep ZenML from taking signals around its steps, in this process.

    Its handler asks the database on top of whatever the main thread is at, which may hold that
    database's lock, and breaks that off in the middle. zenstrap.stopping hears them instead.
    """
    from zenml.orchestrators.signal_handler import SignalHandler

    SignalHandler.register = lambda self: self  # type: ignore[method-assign]


def note_packages_without_pip() -> None:
    """Let ZenML find the installed packages, which it notes on every run, in this process.

    It starts pip for that, twice a run, which is most of what a small pipeline takes (0.6 s each).
    """
    from zenml.environment import Environment

    Environment.get_python_packages = staticmethod(_installed_packages)  # type: ignore[method-assign]


def redact_what_zenml_records() -> None:
    """Let no secret stand in the errors and logs that ZenML keeps of runs, in this process.

    Of all runs, a training's too: its steps aren't zenstrap's own. What is printed is kept by
    whole lines, and not by calls as ZenML would: a secret may come in pieces.
    """
    from zenml.models import ExceptionInfo
    from zenml.utils import exception_utils
    from zenml.utils.logging_utils import LoggingContext

    if getattr(LoggingContext.emit, "redacts", False):
        return
    emit, end = LoggingContext.emit, LoggingContext.end

    def exception_info(**fields: Any) -> ExceptionInfo:
        info = ExceptionInfo(**fields)
        message = info.message and redact(info.message)
        return info.model_copy(update={"message": message, "traceback": redact(info.traceback)})

    def emit_redacted(
        self: LoggingContext, record: logging.LogRecord, metadata: dict[str, Any] | None = None
    ) -> None:
        if record.name in _PRINTED and not record.pathname:
            begun = self.__dict__.setdefault("_begun", {})
            text = begun.pop(record.name, "") + record.getMessage()
            whole = 1 + max(text.rfind("\n"), text.rfind("\r"))
            if text[whole:]:
                begun[record.name] = text[whole:]
            record = _with_text(record, text[:whole].rstrip("\r\n"))
        emit(self, _without_secrets(record), metadata)

    def end_with_what_is_begun(self: LoggingContext) -> None:
        for name, text in self.__dict__.pop("_begun", {}).items():
            record = logging.LogRecord(name, _PRINTED[name], "", 0, text, (), None)
            emit(self, _without_secrets(record))
        end(self)

    emit_redacted.redacts = True  # type: ignore[attr-defined]
    exception_utils.ExceptionInfo = exception_info  # type: ignore[attr-defined, assignment]
    LoggingContext.emit = emit_redacted  # type: ignore[method-assign]
    LoggingContext.end = end_with_what_is_begun  # type: ignore[method-assign]


def _without_secrets(record: logging.LogRecord) -> logging.LogRecord:
    """A record with its text redacted, the traceback in it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0]:
        text = f"{text}\n{''.join(traceback.format_exception(*record.exc_info))}"
    return _with_text(record, redact(text))


def _with_text(record: logging.LogRecord, text: str) -> logging.LogRecord:
    copied = copy.copy(record)
    copied.msg, copied.args, copied.exc_info, copied.exc_text = text, (), None, None
    return copied


@functools.cache
def _installed_packages() -> list[str]:
    found = {f"{one.name}=={one.version}" for one in importlib.metadata.distributions()}
    return sorted(found, key=str.lower)


class _Work(threading.Thread):
    """Compiles, records and runs the pipeline in a thread of its own.

    The thread serves two ends: it can be stopped at a time limit, and it starts without the
    context variables by which ZenML forbids a pipeline inside a step.
    """

    def __init__(self, pipeline: Pipeline, parameters: dict[str, Any], step_id: UUID) -> None:
        super().__init__(name=f"pipeline of step {step_id}", daemon=True)
        self._pipeline = pipeline
        self._parameters = parameters
        self._step_id = step_id
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
        from zenml.client import Client
        from zenml.execution.pipeline.utils import submit_pipeline
        from zenml.models import PipelineRunTriggerInfo
        from zenml.pipelines.run_utils import create_placeholder_run

        try:
            prepared = self._pipeline.copy()
            prepared.prepare(**self._parameters)
            snapshot = prepared._create_snapshot(**prepared._run_args)
            run = create_placeholder_run(
                snapshot=snapshot,
                trigger_info=PipelineRunTriggerInfo(step_run_id=self._step_id),
            )
            self.run_id = run.id
            submit_pipeline(snapshot=snapshot, stack=Client().active_stack, placeholder_run=run)
        except BaseException as error:  # after the run exists, it records its own failure
            self.error = error


def _stop(work: _Work) -> None:
    """Raise inside the working thread, give it time to unwind, and record the end if it can't."""
    assert work.ident is not None
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    while work.is_alive() and not _break_off(work.ident) and time.monotonic() < deadline:
        work.join(_LOOK_SECONDS)
    work.join(STOP_GRACE_SECONDS)
    if work.run_id:
        _record_end(work.run_id)


def _break_off(thread: int) -> bool:
    """Raise in a thread, unless it is within a database's transaction just now.

    Broken off there, it would leave that open, and the database locked for everybody. The error
    comes where the thread calls, returns from or repeats something next.
    """
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_IN_A_TRANSACTION):
            return False
        frame = frame.f_back
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(TimeLimitReached)
    )
    return True


def _record_end(run_id: UUID) -> None:
    """Nobody waits for this run any longer: failed, unless it has ended."""
    from zenml.client import Client
    from zenml.orchestrators.publish_utils import publish_failed_pipeline_run

    if not Client().get_pipeline_run(run_id, hydrate=False).status.is_finished:
        publish_failed_pipeline_run(run_id)
