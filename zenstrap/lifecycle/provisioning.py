"""Applying the plan that was approved, and nothing else."""

from __future__ import annotations

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import PlanChangedError
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.reports import GateReport, OutputValue, PlanReport, TerraformOutputs
from zenstrap.session import Session
from zenstrap.terraform.outputs import Output
from zenstrap.terraform.workspace import Workspace


def provision(
    config: EnvironmentConfig, plan: PlanReport, gate: GateReport, session: Session
) -> TerraformOutputs:
    """Apply the plan's file and read the outputs; with nothing to change, only read them.

    Raises:
        PlanChangedError: what was approved isn't what the file holds.
        TerraformError, PartlyDoneError, InterruptedRunError: see
            :class:`zenstrap.terraform.workspace.Workspace`.
    """
    if gate.digest != plan.digest:
        raise PlanChangedError(
            "the plan isn't the one that was approved",
            fix="Run the same command again: it plans anew.",
        )
    workspace = open_workspace(config, session)
    actions: dict[str, int] = {}
    if not plan.infrastructure.is_empty:
        session.guard()
        try:
            workspace.apply(plan.infrastructure.digest)
        finally:
            _record_state(workspace, session)
        actions = plan.infrastructure.counts.model_dump()
    return _outputs(config, plan, workspace, actions, session)


def _outputs(
    config: EnvironmentConfig,
    plan: PlanReport,
    workspace: Workspace,
    actions: dict[str, int],
    session: Session,
) -> TerraformOutputs:
    state = workspace.state()
    if state is not None and not actions:
        _record_state(workspace, session)
    return TerraformOutputs(
        environment=config.environment,
        workspace=config.environment,
        terraform_version=plan.infrastructure.terraform_version,
        actions=actions,
        outputs={name: _without_secret(output) for name, output in workspace.outputs().items()},
        lineage=state.lineage if state else "",
        serial=state.serial if state else 0,
        resources=state.resources if state else 0,
    )


def _without_secret(output: Output) -> OutputValue:
    value = None if output.sensitive else output.value
    return OutputValue.model_validate({"value": value, "sensitive": output.sensitive})


def _record_state(workspace: Workspace, session: Session) -> None:
    state = workspace.state()
    if state is not None and session.run_id is not None:
        runs.record_state(session.run_id, state)
