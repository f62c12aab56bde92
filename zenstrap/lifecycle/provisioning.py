"""Applying the plan that was approved, and nothing else."""

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
    workspace = open_workspace(run)
    actions: dict[str, int] = {}
    if not plan.infrastructure.is_empty:
        run.guard()
        try:
            _apply(plan, workspace, run)
        except BaseException:
            with suppress(Exception):  # what ended the apply is what there is to tell
                _record_state(workspace, run)
            raise
        _record_state(workspace, run)
        actions = plan.infrastructure.counts.model_dump()
    return _outputs(plan, workspace, actions, run)


def _apply(plan: PlanReport, workspace: Workspace, run: Run) -> None:
    """Apply; where something wasn't ready yet, plan again after a pause and do what is left."""
    approved = rest = plan.infrastructure
    if approved.kept:
        workspace.forget([one.address for one in approved.kept])
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
            run.emit(
                Notice(f"{error.what}. That may pass: planning again in {pause:g} s.", "warning")
            )
        run.wait(pause)
        rest = _planned_again(plan, workspace, run)


def _planned_again(plan: PlanReport, workspace: Workspace, run: Run) -> Plan:
    """A new plan, which must be what is left of the approved one."""
    down = plan.direction == "down"
    platform = run.platform
    given = platform.variables(workspace, run, destroy=down, keys_in_use=plan.keys_in_use)
    rest = workspace.plan(given.values, destroy=down)
    if not is_remainder(plan.infrastructure, rest) or platform.resource_rules().breaches(rest):
        raise PlanChangedError(
            "what is left to do is no longer what was approved",
            why="Something was changed outside of Terraform while it was being applied.",
            fix="Run the same command again: it plans anew.",
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
