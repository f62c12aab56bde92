"""``--json``: one object with a schema id, from the same data as what people see.

Fields may be added under a schema id; none changes its meaning or goes.
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

JsonObject = dict[str, Any]  # finished JSON, on its way out


def plan_object(plan: PlanReport) -> JsonObject:
    """``zenstrap/plan/1``: ``infrastructure`` and ``registrations`` as in the plan's artifact."""
    counts = plan.infrastructure.counts.model_dump()
    return {
        "schema": "zenstrap/plan/1",
        "empty": plan.is_empty,
        "counts": counts,
        # The settings are there for the policy, and say nothing of what changes.
        **plan.model_dump(mode="json", exclude={"infrastructure": {"settings"}}),
    }


def run_object(run: RunSummary, plan: PlanReport | None = None) -> JsonObject:
    """``zenstrap/COMMAND/1``: a run that ended, with its plan where there was one."""
    found = _plain(run)
    for output in found["outputs"]:
        if output["sensitive"]:
            output["value"] = None
    return {
        "schema": f"zenstrap/{run.command}/1",
        "succeeded": run.failure is None and run.exit_code == 0,
        **found,
        "plan": plan_object(plan) if plan else None,
    }


def status_object(statuses: Sequence[EnvironmentStatus]) -> JsonObject:
    """``zenstrap/status/1``."""
    return {"schema": "zenstrap/status/1", "environments": [_plain(status) for status in statuses]}


def environments_object(environments: Sequence[EnvironmentLine]) -> JsonObject:
    """``zenstrap/envs/1``."""
    return {"schema": "zenstrap/envs/1", "environments": [_plain(one) for one in environments]}


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


def recover_object(environment: str, found: Sequence[str], done: Sequence[str]) -> JsonObject:
    """``zenstrap/recover/1``: what was found and what was done, a line each."""
    return {
        "schema": "zenstrap/recover/1",
        "environment": environment,
        "found": list(found),
        "done": list(done),
    }


def error_object(error: BaseException) -> JsonObject:
    """``zenstrap/error/1``: for a command that ended before there was a run to sum up."""
    found = known(error)
    one = found if isinstance(found, ZenstrapError) else None
    made: JsonObject = {
        "schema": "zenstrap/error/1",
        "succeeded": False,
        "exit_code": exit_code(error),
        "type": type(found or error).__name__,
        "what": one.what if one else str(error),
        "where": one.where if one else None,
        "why": one.why if one else None,
        "fix": one.fix if one else None,
        "command": one.command if one else None,
    }
    if isinstance(one, ConfigError):
        made["problems"] = [asdict(problem) for problem in one.problems]
    return made


def dumps(found: JsonObject) -> str:
    """The text for stdout: ASCII alone, so that nothing in it can steer a terminal."""
    return json.dumps(found, indent=2) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(inner) for key, inner in vars(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value
