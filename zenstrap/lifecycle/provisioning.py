"""Applies the approved Terraform plan, and only that."""

from __future__ import annotations

from contextlib import suppress

from zenstrap import retry, runs
from zenstrap.errors import PlanChangedError, ZenstrapError
from zenstrap.events import Notice
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.reports import GateReport, OutputValue, PlanReport, TerraformOutputs
from zenstrap.running import Run
from zenstrap.terraform.outputs import Output
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.remainder import is_remainder
from zenstrap.terraform.workspace import Workspace


def provision(plan: PlanReport, gate: GateReport, run: Run) -> TerraformOutputs:
    """Apply the plan file and read the outputs; if nothing changes, only read them.

    Raises:
        PlanChangedError: the plan file isn't the approved one.
        TerraformError, PartlyDoneError, InterruptedRunError: see
            :class:`zenstrap.terraform.workspace.Workspace`.
    """
    if gate.digest != plan.digest:
        raise PlanChangedError(
            "the plan isn't the one that was approved",
            fix="Run the same command again: it makes a new plan.",
        )
    workspace = open_workspace(run)
    actions: dict[str, int] = {}
    if not plan.infrastructure.is_empty:
        run.guard()
        try:
            _apply(plan, workspace, run)
        except BaseException:
            with suppress(Exception):  # the error of the apply matters more
                _record_state(workspace, run)
            raise
        _record_state(workspace, run)
        actions = plan.infrastructure.counts.model_dump()
    return _outputs(plan, workspace, actions, run)


def _apply(plan: PlanReport, workspace: Workspace, run: Run) -> None:
    """Apply; after a transient error, plan again after a pause and apply the remainder."""
    approved = rest = plan.infrastructure
    if approved.kept:
        workspace.forget([resource.address for resource in approved.kept])
        rest = _planned_again(plan, workspace, run)
    run.platform.before_apply(rest, run)
    for pause in (*retry.PROPAGATION, None):
        if rest.is_empty:
            return
        run.guard()  # a laptop may have slept since the plan
        try:
            workspace.apply(rest.digest)
            return
        except ZenstrapError as error:
            if not error.transient or pause is None:
                raise
            run.emit(Notice(f"{error.what}. May be transient: retrying in {pause:g} s.", "warning"))
        run.wait(pause)
        rest = _planned_again(plan, workspace, run)


def _planned_again(plan: PlanReport, workspace: Workspace, run: Run) -> Plan:
    """A new plan, which must be the remainder of the approved one."""
    down = plan.direction == "down"
    platform = run.platform
    variables = platform.variables(workspace, run, destroy=down, keys_in_use=plan.keys_in_use)
    rest = workspace.plan(variables.values, destroy=down)
    if not is_remainder(plan.infrastructure, rest) or platform.resource_rules().breaches(rest):
        raise PlanChangedError(
            "the remaining changes are no longer those that were approved",
            why="Something was changed outside of Terraform during the apply.",
            fix="Run the same command again: it makes a new plan.",
        )
    return rest


def _outputs(
    plan: PlanReport,
    workspace: Workspace,
    actions: dict[str, int],
    run: Run,
) -> TerraformOutputs:
    state = workspace.state()
    if state is not None and not actions:
        _record_state(workspace, run)
    return TerraformOutputs(
        environment=run.environment,
        workspace=run.environment,
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


def _record_state(workspace: Workspace, run: Run) -> None:
    state = workspace.state()
    if state is not None and run.record.id is not None:
        place = workspace.storage.place(run.environment)
        runs.record_state(run.record.id, state, place)
