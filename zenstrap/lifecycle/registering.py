"""Writes connectors, components, stacks and aliases to ZenML's registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.lifecycle.ownership import our_registry
from zenstrap.lifecycle.succession import changes_visible_to
from zenstrap.registry.changes import Action, Kind, Registration
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.model import (
    VERSION,
    DesiredStack,
)
from zenstrap.registry.reconciliation import (
    Reconciliation,
    after_proof,
    is_connector_write,
    links_to_return,
)
from zenstrap.registry.zenml_connectors import (
    Keys,
    allow_implicit_methods,
    warn_of_readable_secrets,
    write_connectors,
)
from zenstrap.registry.zenml_registry import write_after_proof, write_registry
from zenstrap.registry.zenml_stacks import promote as promote_stack
from zenstrap.reports import (
    AliasMove,
    PlanReport,
    PromotionReport,
    Registrations,
    SmokeTestReport,
    TerraformOutputs,
)
from zenstrap.running import Run

if TYPE_CHECKING:
    from zenml.client import Client


def register_connectors(
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    run: Run,
) -> Registrations:
    """Write the service connectors that differ, and verify that they work.

    Their secrets are copied from Terraform's sensitive output, or from the configuration's secret
    reference, to ZenML's secret store; no report holds them.

    Raises:
        PlanChangedError: the registry changed after the plan was shown.
        RegistryError, PartlyDoneError: see
            :func:`zenstrap.registry.zenml_connectors.write_connectors`.
    """
    run.guard()
    kind = run.platform.connectors
    if kind is None:
        return Registrations(environment=run.environment, registrations=())
    reconciliation = _reconciled(outputs, plan, client, run)
    methods = {connector.method for connector in reconciliation.desired.connectors}
    allow_implicit_methods(client, methods, kind, run.emit)
    keys: Keys = {}
    if run.platform.uses_keys:
        keys = run.platform.keys(client, open_workspace(run).outputs())
        if any(change.kind is Kind.CONNECTOR for change in reconciliation.changes):
            warn_of_readable_secrets(client, run.emit)
    written = write_connectors(
        client,
        reconciliation.desired,
        reconciliation.actual,
        reconciliation.changes,
        kind,
        keys=keys,
        run=run.record.name,
        guard=run.guard,
        wait=run.wait,
        emit=run.emit,
    )
    run.record.reconciliation = reconciliation.with_connectors(written)
    return Registrations(environment=run.environment, registrations=written)


def register_stacks(
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    run: Run,
) -> Registrations:
    """Write the components and stacks that differ. Aliases wait for :func:`promote`.

    Raises:
        PlanChangedError: the registry changed after the plan was shown.
        RegistryError, PartlyDoneError: see :func:`zenstrap.registry.zenml_registry.write_registry`.
    """
    reconciliation = _reconciled(outputs, plan, client, run)
    written = write_registry(
        client,
        reconciliation.desired,
        reconciliation.actual,
        reconciliation.changes,
        run=run.record.name,
        guard=run.guard,
        emit=run.emit,
    )
    return Registrations(environment=run.environment, registrations=written)


def promote(
    outputs: TerraformOutputs,
    plan: PlanReport,
    registrations: Registrations,
    tests: Sequence[SmokeTestReport],
    client: Client,
    run: Run,
) -> PromotionReport:
    """Move each alias whose stack passed its smoke test; the other aliases stay.

    Then connectors that were replaced are deleted, if all stacks that use the new ones passed.
    If not, components that this run linked to a new connector get their old one back.

    Args:
        plan: names the stacks that this run tests; the others passed earlier.
        tests: the smoke tests of this run that passed.
    """
    reconciliation = _before_promotion(outputs, plan, client, run)
    desired, actual = reconciliation.desired, reconciliation.actual
    changes = reconciliation.changes
    to_move = {change.name for change in changes if change.kind is Kind.ALIAS}
    proven_now = {(test.stack, test.content_hash) for test in tests if test.passed}
    moves: list[AliasMove] = []
    written = 0
    held_back: list[str] = []
    unproven: list[str] = []
    for stack in desired.stacks:
        if (stack.name, stack.content_hash) not in proven_now and stack.name in plan.to_test:
            held_back.append(stack.alias)
            unproven.append(stack.name)
            continue
        action: Action | None = None
        if stack.alias in to_move:
            moved = promote_stack(
                client, stack, actual, run=run.record.name, guard=run.guard, emit=run.emit
            )
            action = moved.action if moved.action is not Action.UPDATE else None
            written += 1
        moves.append(_move(stack, _version_of(actual.stacks.get(stack.alias)), action))
    shown = {(change.kind, change.action, change.name) for change in plan.registrations}
    returned = links_to_return(desired, actual, plan.registrations, unproven)
    as_shown = [c for c in changes if (c.kind, c.action, c.name) in shown]
    proven = after_proof(desired, actual, as_shown, unproven, returned)
    write_after_proof(
        client,
        actual,
        (*returned, *proven),
        run=run.record.name,
        guard=run.guard,
        emit=run.emit,
    )
    connectors = sum(1 for change in plan.registrations if is_connector_write(change))
    written += connectors + len(returned) + len(proven)
    run.record.changes = _changes(outputs, registrations) + written
    changed: tuple[str, ...] = ()
    if held_back:
        changed = changes_visible_to(
            held_back, run.platform, plan, desired, our_registry(client, run)
        )
    return PromotionReport(
        environment=run.environment,
        aliases=tuple(moves),
        held_back=tuple(held_back),
        still={alias: _version_of(actual.stacks.get(alias)) for alias in held_back},
        after_proof=proven,
        returned=returned,
        changed=changed,
    )


def candidates(registrations: Registrations, plan: PlanReport) -> tuple[Registration, ...]:
    """The registered stacks that need a smoke test."""
    return tuple(
        r for r in registrations.registrations if r.kind is Kind.STACK and r.name in plan.to_test
    )


def _reconciled(
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    run: Run,
) -> Reconciliation:
    """The registrations to write after the apply. ZenML is read once for connectors and stacks."""
    if run.record.reconciliation is None:
        reconciliation = _reconcile(outputs, plan, client, run)
        reconciliation.require_as_planned(plan.registrations)
        run.record.reconciliation = reconciliation
    return run.record.reconciliation


def _reconcile(
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    run: Run,
) -> Reconciliation:
    platform = run.platform
    registrations = platform.registrations(outputs.public(), platform.key_fingerprints(client))
    return Reconciliation.of(
        desired_registry(run.config, registrations, owner=run.owner),
        our_registry(client, run),
        plan.registrations,
        immutable_versions=run.config.protection.immutable_versions,
    )


def _before_promotion(
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    run: Run,
) -> Reconciliation:
    """ZenML is read again if something was written or tested since the last reading."""
    earlier = run.record.reconciliation
    if earlier is not None and not earlier.changes and not plan.to_test:
        return earlier
    return _reconcile(outputs, plan, client, run)


def _version_of(alias: object) -> str | None:
    labels = getattr(alias, "labels", {})
    version = labels.get(VERSION)
    return str(version) if version else None


def _move(stack: DesiredStack, before: str | None, action: Action | None) -> AliasMove:
    return AliasMove(
        alias=stack.alias, stack=stack.name, before=before, after=stack.version, action=action
    )


def _changes(outputs: TerraformOutputs, registrations: Registrations) -> int:
    return sum(outputs.actions.values()) + sum(1 for r in registrations.registrations if r.action)
