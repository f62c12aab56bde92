"""The run history that ZenML keeps: what zenstrap writes on a run, and reads back from it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from zenstrap.terraform.state import StateIdentity

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import PipelineRunResponse

TAG = "zenstrap"
STARTED = "zenstrap"  # extra configuration: who started the run, where, with which command
TRAINING = "smoke_training"  # the command of a smoke test's own run
STATE = "terraform_state"  # metadata: the state that the run left
CHANGES = "changes"  # metadata: how many resources and registrations the run changed
HISTORY = 50  # runs of commands that are looked through for the last state and change
LISTED = 4  # runs that are listed for each that is asked for: up to so many smoke trainings each


@dataclass(frozen=True)
class RunRecord:
    """One run of a zenstrap pipeline on an environment.

    Attributes:
        status: ZenML's status, for example ``completed``, ``failed`` or ``running``.
        changes: resources and registrations that it changed; None where it didn't come to that.
        state: the Terraform state that it left; None where it left none.
    """

    id: str
    name: str
    command: str
    status: str
    started: datetime | None
    ended: datetime | None
    user: str
    host: str
    pid: int | None
    changes: int | None
    state: StateIdentity | None


def environment_tag(environment: str) -> str:
    """The tag on every run and artifact of an environment."""
    return f"environment:{environment}"


def run_options(environment: str, pipeline: str, command: str) -> dict[str, Any]:
    """The name, tags and extra configuration by which a run of ours is found again.

    Args:
        command: the command line's, or TRAINING.
    """
    from zenml import Tag

    return {
        "run_name": f"{environment}-{pipeline}-{{date}}-{{time}}",
        "tags": [TAG, Tag(name=environment_tag(environment), cascade=True)],
        "extra": {
            STARTED: {
                "command": command,
                "user": getpass.getuser(),
                "host": socket.gethostname(),
                "pid": os.getpid(),
            }
        },
    }


def recent_runs(client: Client, environment: str, limit: int = HISTORY) -> list[RunRecord]:
    """The newest runs of commands on an environment, newest first."""
    records = _list(client, environment, size=limit * LISTED)
    return [record for record in records if record.command != TRAINING][:limit]


def last_state(runs: Sequence[RunRecord]) -> RunRecord | None:
    """The newest run that recorded a state."""
    return next((run for run in runs if run.state is not None), None)


def last_change(runs: Sequence[RunRecord]) -> RunRecord | None:
    """The newest run that completed and changed something."""
    return next((run for run in runs if run.status == "completed" and run.changes), None)


def record_state(run_id: str, state: StateIdentity) -> None:
    """Write on a run which state it left. Also after a failure: the state moved all the same."""
    _log(
        run_id,
        {STATE: {"lineage": state.lineage, "serial": state.serial, "resources": state.resources}},
    )


def record_changes(run_id: str, changes: int) -> None:
    """Write on a run how many resources and registrations it changed."""
    _log(run_id, {CHANGES: changes})


def fail_dead_runs(client: Client, environment: str) -> list[str]:
    """Mark runs that a kill left ``running``; ZenML has no heartbeat for local ones.

    Only runs that were started on this machine: the caller holds the environment's lease, so
    their process is gone. Nothing is known of another machine's.

    Returns:
        The names of the runs.
    """
    from zenml.enums import ExecutionStatus
    from zenml.models import PipelineRunUpdate, StepRunUpdate
    from zenml.utils.time_utils import utc_now

    unfinished = [
        run
        for run in _list(client, environment, size=HISTORY * LISTED)
        if not ExecutionStatus(run.status).is_finished and run.host in ("", socket.gethostname())
    ]
    for record in unfinished:
        run = client.get_pipeline_run(record.id)
        for step in run.steps.values():
            if not step.status.is_finished:
                client.zen_store.update_run_step(
                    step.id, StepRunUpdate(status=ExecutionStatus.FAILED, end_time=utc_now())
                )
        client.zen_store.update_run(
            run.id,
            PipelineRunUpdate(
                status=ExecutionStatus.FAILED,
                status_reason="The process that ran it is gone.",
            ),
        )
    return [run.name for run in unfinished]


def _list(client: Client, environment: str, size: int) -> list[RunRecord]:
    page = client.list_pipeline_runs(
        tags=[TAG, environment_tag(environment)], sort_by="desc:created", size=size, hydrate=True
    )
    return [_record(run) for run in page.items]


def _log(run_id: str, metadata: dict[str, Any]) -> None:
    from zenml import log_metadata

    log_metadata(metadata=metadata, run_id_name_or_prefix=run_id)


def _record(run: PipelineRunResponse) -> RunRecord:
    metadata = run.run_metadata
    started = _mapping(run.config.extra.get(STARTED))
    state = _mapping(metadata.get(STATE))
    changes = metadata.get(CHANGES)
    return RunRecord(
        id=str(run.id),
        name=run.name,
        command=str(started.get("command", run.pipeline.name if run.pipeline else "")),
        status=run.status.value,
        started=run.start_time,
        ended=run.end_time,
        user=str(started.get("user", "")),
        host=str(started.get("host", "")),
        pid=started.get("pid"),
        changes=changes if isinstance(changes, int) else None,
        state=StateIdentity(**state) if state else None,
    )


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
