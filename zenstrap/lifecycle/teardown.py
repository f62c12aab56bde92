"""Removes an environment, registrations first, and verifies that nothing is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap import invocation
from zenstrap.errors import PartlyDoneError
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.lifecycle.ownership import our_registry
from zenstrap.lifecycle.provisioning import provision
from zenstrap.registry.diff import removal
from zenstrap.registry.reconciliation import registry_changed
from zenstrap.registry.refusals import require_unused
from zenstrap.registry.zenml_registry import delete_registrations
from zenstrap.reports import GateReport, PlanReport, Registrations, TeardownReport, TerraformOutputs
from zenstrap.running import Run

if TYPE_CHECKING:
    from zenml.client import Client


def deregister(plan: PlanReport, gate: GateReport, client: Client, run: Run) -> Registrations:
    """Delete every registration of the environment: aliases, stacks, then components.

    Raises:
        PlanChangedError: the registry changed after the plan was shown.
        RefusedError: a registration came into use after that.
    """
    actual = our_registry(client, run)
    if gate.digest != plan.digest or removal(actual) != plan.registrations:
        raise registry_changed()
    require_unused(client, actual, plan.registrations)  # it may have changed since the plan
    deleted = delete_registrations(
        client, actual, plan.registrations, guard=run.guard, emit=run.emit
    )
    return Registrations(environment=run.environment, registrations=deleted)


def destroy(plan: PlanReport, gate: GateReport, run: Run) -> TerraformOutputs:
    """Apply the approved plan, which destroys everything.

    Raises:
        ZenstrapError: see :func:`zenstrap.lifecycle.provisioning.provision`.
    """
    if gate.digest == plan.digest and not plan.infrastructure.is_empty:
        run.platform.empty(open_workspace(run), run)
    return provision(plan, gate, run)


def verify_removed(plan: PlanReport, client: Client, run: Run) -> TeardownReport:
    """Check that nothing is left in ZenML and Terraform, and delete the empty Terraform workspace.

    Raises:
        PartlyDoneError: something is left; the message names it.
    """
    actual = our_registry(client, run)
    remaining = [stack.name for stack in actual.our_stacks]
    remaining += [component.name for component in actual.our_components]
    remaining += [connector.name for connector in actual.our_connectors]
    workspace = open_workspace(run)
    state = workspace.state()
    if state is not None and state.resources:
        remaining.append(f"{state.resources} resources in Terraform's state")
    artifacts = run.platform.left(run)
    if remaining:
        raise PartlyDoneError(
            f"{len(remaining)} left of environment {run.environment}: {', '.join(remaining)}",
            fix="Run it again",
            command=invocation.again(run.environment, verb="down"),
        )
    if artifacts:  # not in the state any more, so a second `down` would not delete them either
        raise PartlyDoneError(
            f"{len(artifacts)} left of environment {run.environment}: {', '.join(artifacts)}",
            why="It isn't in Terraform's state: a run was killed while creating it, or it was "
            "restored from elsewhere",
            fix="Delete it, or run up, which imports it, and then down again",
            command=invocation.command("up", run.environment),
        )
    workspace.remove()
    run.record.changes = len(plan.registrations) + len(plan.infrastructure.changes)
    removed = [change.name for change in plan.registrations]
    removed += [change.address for change in plan.infrastructure.changes]
    return TeardownReport(
        environment=run.environment,
        removed=tuple(removed),
        left=(),
        kept=tuple(dict.fromkeys((*plan.kept, *run.platform.foreign(run)))),
    )
