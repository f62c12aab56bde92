"""``--json``: one object with a schema id, from the same data as what people see.

Fields may be added under a schema id; no field changes its meaning or is removed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from zenstrap.errors import ConfigError, ZenstrapError, exit_code, known

if TYPE_CHECKING:
    from zenstrap.reports import PlanReport
    from zenstrap.views.environments_view import EnvironmentLine
    from zenstrap.views.history_view import RunLine
    from zenstrap.views.status_view import EnvironmentStatus
    from zenstrap.views.summary import RunSummary

JsonObject = dict[str, Any]  # JSON, ready to print


def plan_object(plan: PlanReport) -> JsonObject:
    """``zenstrap/plan/1``: ``infrastructure`` and ``registrations`` as in the plan's artifact."""
    counts = plan.infrastructure.counts.model_dump()
    return {
        "schema": "zenstrap/plan/1",
        "empty": plan.is_empty,
        "counts": counts,
        # The settings are input of the policy; they aren't part of what changes.
        **plan.model_dump(mode="json", exclude={"infrastructure": {"settings"}}),
    }


def run_object(run: RunSummary, plan: PlanReport | None = None) -> JsonObject:
    """``zenstrap/COMMAND/1``: a run that ended, with its plan if it has one."""
    outputs = [
        {
            "name": name,
            "value": None if output.sensitive else output.value,
            "sensitive": output.sensitive,
        }
        for name, output in run.outputs.items()
    ]
    return {
        "schema": f"zenstrap/{run.command}/1",
        "succeeded": run.failure is None and run.exit_code == 0,
        **_plain(run),
        "outputs": outputs,
        "plan": plan_object(plan) if plan else None,
    }


def status_object(statuses: Sequence[EnvironmentStatus]) -> JsonObject:
    """``zenstrap/status/1``."""
    return {"schema": "zenstrap/status/1", "environments": [_plain(status) for status in statuses]}


def environments_object(environments: Sequence[EnvironmentLine]) -> JsonObject:
    """``zenstrap/envs/1``."""
    return {"schema": "zenstrap/envs/1", "environments": [_plain(line) for line in environments]}


def history_object(environment: str, runs: Sequence[RunLine]) -> JsonObject:
    """``zenstrap/history/1``."""
    return {
        "schema": "zenstrap/history/1",
        "environment": environment,
        "runs": [_plain(run) for run in runs],
    }


def config_object(config: JsonObject) -> JsonObject:
    """``zenstrap/config/1``: the merged configuration's own keys beside ``schema``."""
    return {"schema": "zenstrap/config/1", **config}


def doctor_object(checks: Sequence[JsonObject]) -> JsonObject:
    """``zenstrap/doctor/1``."""
    return {"schema": "zenstrap/doctor/1", "checks": list(checks)}


def unlock_object(environment: str, freed: Sequence[str]) -> JsonObject:
    """``zenstrap/unlock/1``."""
    return {"schema": "zenstrap/unlock/1", "environment": environment, "freed": list(freed)}


def recover_object(environment: str, findings: Sequence[str], done: Sequence[str]) -> JsonObject:
    """``zenstrap/recover/1``: findings and actions, one line each."""
    return {
        "schema": "zenstrap/recover/1",
        "environment": environment,
        "found": list(findings),
        "done": list(done),
    }


def error_object(error: BaseException) -> JsonObject:
    """``zenstrap/error/1``: a command that failed before it had a run to summarise."""
    cause = known(error)
    failure = cause if isinstance(cause, ZenstrapError) else None
    result: JsonObject = {
        "schema": "zenstrap/error/1",
        "succeeded": False,
        "exit_code": exit_code(error),
        "type": type(cause or error).__name__,
        "what": failure.what if failure else str(error),
        "where": failure.where if failure else None,
        "why": failure.why if failure else None,
        "fix": failure.fix if failure else None,
        "command": failure.command if failure else None,
    }
    if isinstance(failure, ConfigError):
        result["problems"] = [asdict(problem) for problem in failure.problems]
    return result


def dumps(result: JsonObject) -> str:
    """The text for stdout: ASCII only, so that no value can send control codes to a terminal."""
    return json.dumps(result, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):  # a report; pydantic isn't imported for a mere error
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(inner) for key, inner in vars(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value
