"""The smoke test of a candidate stack: runs a training on it and reads the model back."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from zenstrap import disk
from zenstrap.errors import FullDiskError, OutOfReachError
from zenstrap.execution import EndedRun, TimeLimitReached, run_pipeline_on_stack
from zenstrap.platforms.base import Training
from zenstrap.registry.changes import Registration
from zenstrap.reports import SmokeTestReport
from zenstrap.running import Run
from zenstrap.runs import TRAINING, run_options
from zenstrap.smoke_test.training import predictions
from zenstrap.zenml_private.calls import StepOfRun

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import (
        ArtifactVersionResponse,
        ExceptionInfo,
        PipelineRunResponse,
        StepRunResponse,
    )
    from zenml.pipelines.pipeline_definition import Pipeline

    Steps = Mapping[str, StepRunResponse]

REPORT = "smoke_test"  # the artifact's name, after the environment's
STACK = "stack"  # among the artifact's metadata
_PAGE = 2  # tests per stack that are read first: a test may have been repeated
_LARGEST_PAGE = 200
TRAINING_STEP, EVALUATION_STEP, DATA_STEP = "train_model", "evaluate_model", "load_data"


def prove(
    candidate: Registration,
    pipeline: Pipeline,
    caller: StepOfRun,
    run: Run,
) -> SmokeTestReport:
    """Train on the candidate, read the model back, compare predictions. The report has the result.

    Args:
        candidate: the stack.
        pipeline: takes ``training`` and ``data``; its steps have the names of the constants above.
        caller: the step that calls this function.

    Raises:
        InterruptedRunError: the user asked to stop.
        OutOfReachError: ZenML's server or database can't be reached.
        FullDiskError: the training ran on this machine, and its disk is full.
    """
    settings = run.config.smoke_test_of(candidate.project)
    options = run_options(run.environment, pipeline.name, TRAINING, run.owner)
    started = time.monotonic()
    training: PipelineRunResponse | None = None
    accuracy: float | None = None
    read_back, model_uri = "", ""
    try:
        ended = run_pipeline_on_stack(
            pipeline.with_options(
                settings=run.platform.training_settings(
                    Training(candidate.project, str(caller.step_id), run.run_folder)
                ),
                run_name=options.name,
                tags=options.tags,
                extra=options.extra,
            ),
            UUID(candidate.id),
            parameters={"training": settings.training, "data": settings.data},
            caller=caller,
            time_limit=settings.timeout_minutes * 60,
            interrupt=run.interrupt,
        )
        training = ended.run
        steps = training.steps  # each access is a request to the server
        model_artifact = _require_real_run(ended, steps, candidate)
        model_uri = model_artifact.uri
        evaluation = _output(steps, EVALUATION_STEP, "evaluation").load()
        accuracy = evaluation.accuracy
        agreeing = _agreeing_predictions(model_artifact, steps, evaluation.predictions)
        read_back = f"{agreeing} of {len(evaluation.predictions)}"
        reason = _verdict(accuracy, settings.min_accuracy, agreeing, len(evaluation.predictions))
    except TimeLimitReached:
        reason = f"stopped at its time limit of {settings.timeout_minutes:g} minutes"
    except _NotProvenError as error:
        reason = str(error)
    except (OutOfReachError, FullDiskError):  # isn't a result of the stack's test
        raise
    except Exception as error:  # any error of ZenML or the training: the test failed
        run.interrupt.check()
        _require_room(error)
        reason = f"{type(error).__name__}: {error}"
    return SmokeTestReport(
        environment=run.environment,
        stack=candidate.name,
        stack_id=candidate.id,
        content_hash=candidate.content_hash,
        passed=not reason,
        reason=" ".join(reason.split()) or "trained, evaluated and read back",
        min_accuracy=settings.min_accuracy,
        accuracy=accuracy,
        read_back=read_back,
        model_uri=model_uri,
        training_run=training.name if training else "",
        training_run_id=str(training.id) if training else "",
        seconds=round(time.monotonic() - started, 3),
        demands=settings.demands,
    )


@dataclass(frozen=True)
class LastTest:
    """The newest smoke test of a stack, passed or not: its report's facts, and its time."""

    facts: dict[str, Any]
    at: datetime


def last_test(client: Client, environment: str, stack: str) -> LastTest | None:
    """The newest smoke test of a stack; None if it was never tested."""
    tests, _ = _tests(client, environment, size=1, run_metadata=[f"{STACK}:{stack}"])
    return tests.get(stack)


def last_tests(client: Client, environment: str, stacks: Collection[str]) -> dict[str, LastTest]:
    """The newest smoke test of each stack, by the stack's name.

    Most are among the environment's newest tests, which take one request.
    """
    if not stacks:
        return {}
    size = min(_PAGE * len(stacks), _LARGEST_PAGE)
    tests, are_all = _tests(client, environment, size=size)
    older = () if are_all else (stack for stack in stacks if stack not in tests)
    return tests | {
        stack: test for stack in older if (test := last_test(client, environment, stack))
    }


def _tests(
    client: Client, environment: str, *, size: int, **filters: Any
) -> tuple[dict[str, LastTest], bool]:
    """The newest test of each stack among the newest ``size`` tests, and whether those are all."""
    page = client.list_artifact_versions(
        artifact=f"{environment}_{REPORT}",
        sort_by="desc:created",
        size=size,
        hydrate=True,
        **filters,
    )
    tests: dict[str, LastTest] = {}
    for artifact in page.items:
        facts = dict(artifact.run_metadata)
        tests.setdefault(str(facts.get(STACK)), LastTest(facts, artifact.created))
    return tests, page.total_pages <= 1


def is_proven(test: LastTest | None, stack_id: str | None, content_hash: str, demands: str) -> bool:
    """Whether the newest smoke test passed, on this stack with its current content.

    Args:
        demands: the current settings of the test; a test recorded without them counts.
        stack_id: None if the stack isn't registered. A stack that was deleted and registered
            again has another id: its infrastructure may have been deleted in between.
    """
    if test is None or stack_id is None:
        return False
    if test.facts.get("demands", "") not in ("", demands):
        return False
    wanted = {"passed": True, "stack_id": stack_id, "content_hash": content_hash}
    return all(test.facts.get(key) == value for key, value in wanted.items())


_FRAME: Final = re.compile(r'^ *File "(.+)", line (\d+), in ', re.MULTILINE)
_OURS: Final = re.compile(r"/zenstrap/smoke_test/\w+\.py$").search
_LIBRARY: Final = re.compile(r"/(site|dist)-packages/|/lib/python3[^/]*/|^<").search


class _NotProvenError(Exception):
    """Why the smoke test failed, for people."""


def _require_real_run(
    ended: EndedRun, steps: Steps, candidate: Registration
) -> ArtifactVersionResponse:
    """The model of a completed run on the candidate, stored in the candidate's artifact store."""
    run = ended.run
    if run.status.value != "completed":
        _require_room(ended.error)
        raise _NotProvenError(_failure(ended, steps))
    if run.stack is None or str(run.stack.id) != candidate.id:
        stack = run.stack.name if run.stack else "none"
        raise _NotProvenError(f"the training ran on another stack: {stack}")
    model = _output(steps, TRAINING_STEP, "model")
    stores = [c.id for c in run.stack.components.get(_artifact_store_type(), [])]
    if model.artifact_store_id not in stores:
        raise _NotProvenError("the model isn't in the candidate's artifact store")
    return model


def _require_room(error: BaseException | None) -> None:
    """Refuse to take a full disk of this machine for a result of the stack's test."""
    if error is not None and (full := disk.full_disk(error)) is not None:
        raise full from error


def _failure(ended: EndedRun, steps: Steps) -> str:
    for name, step in steps.items():
        if step.status.value == "failed":
            info = step.exception_info
            reason = _recorded(info) if info else _reason(ended.error)
            return f"its step {name} failed: {reason}" if reason else f"its step {name} failed"
    return _reason(ended.error) or f"the training ended with status {ended.run.status.value}"


def _recorded(info: ExceptionInfo) -> str:
    """The error, and where it was raised. Before ZenML 0.96.4 tracebacks end without the error."""
    kind = (info.source or "").rpartition(".")[2]
    message = ": ".join(part for part in (kind, info.message) if part)
    return " ".join(message.split()) + _place(info.traceback)


def _place(traceback: str) -> str:
    """Where in the user's own code the error was raised; empty if it was raised elsewhere.

    Args:
        traceback: as Python prints it, starting at our step.
    """
    frames = [(file, line) for file, line in _FRAME.findall(traceback)[1:] if not _OURS(file)]
    own = [frame for frame in frames if not _LIBRARY(frame[0])]
    for file, line in (own or frames)[-1:]:
        return f" ({file}:{line})"
    return ""


def _reason(error: BaseException | None) -> str:
    """The message of an error of ZenML or a library, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()) if error else ""


def _output(steps: Steps, step: str, name: str) -> ArtifactVersionResponse:
    try:
        return steps[step].outputs[name][0]
    except (KeyError, IndexError) as error:
        raise _NotProvenError(f"its step {step} has no output artifact {name}") from error


def _agreeing_predictions(model: ArtifactVersionResponse, steps: Steps, recorded: list[str]) -> int:
    try:
        loaded = model.load()
        held_out = _output(steps, DATA_STEP, "test").load()
    except _NotProvenError:
        raise
    except Exception as error:
        raise _NotProvenError(f"the model can't be read back from {model.uri}: {error}") from error
    again = predictions(loaded, held_out.features)
    return sum(1 for before, now in zip(recorded, again, strict=False) if before == now)


def _verdict(accuracy: float, wanted: float, agreeing: int, rows: int) -> str:
    if accuracy < wanted:
        return f"accuracy {accuracy:.3f} is below smoke_test.min_accuracy {wanted:g}"
    if agreeing != rows:
        return f"the model read back predicts differently: only {agreeing} of {rows} agree"
    return ""


def _artifact_store_type() -> Any:
    from zenml.enums import StackComponentType

    return StackComponentType.ARTIFACT_STORE
