"""Bringing ZenML's registry to what the configuration and Terraform's outputs ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import PlanChangedError
from zenstrap.registry.changes import Action, Kind, Registration, RegistrationChange
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.diff import UNKNOWN, diff
from zenstrap.registry.model import VERSION, DesiredStack
from zenstrap.registry.zenml_registry import promote as promote_stack
from zenstrap.registry.zenml_registry import read_registry, write_registry
from zenstrap.reports import (
    AliasMove,
    PlanReport,
    PromotionReport,
    Registrations,
    SmokeTestReport,
    TerraformOutputs,
)
from zenstrap.session import Session

if TYPE_CHECKING:
    from zenml.client import Client


def register_connectors(
    config: EnvironmentConfig, outputs: TerraformOutputs, session: Session
) -> Registrations:
    """The service connectors of the environment: platform local needs none."""
    session.guard()
    return Registrations(environment=config.environment, registrations=())


def register_stacks(
    config: EnvironmentConfig,
    outputs: TerraformOutputs,
    plan: PlanReport,
    client: Client,
    session: Session,
) -> Registrations:
    """Write the components and stacks that differ. Aliases wait for :func:`promote`.

    Raises:
        PlanChangedError: the registry changed after the plan was shown.
        RegistryError, PartlyDoneError: see :func:`zenstrap.registry.zenml_registry.write_registry`.
    """
    desired = desired_registry(config, outputs.public())
    actual = read_registry(client, config.environment)
    changes = diff(desired, actual, immutable_versions=config.protection.immutable_versions)
    _require_as_planned(plan.registrations, changes)
    written = write_registry(
        client,
        desired,
        actual,
        changes,
        run=session.run_name,
        guard=session.guard,
        emit=session.emit,
    )
    return Registrations(environment=config.environment, registrations=written)


def promote(
    config: EnvironmentConfig,
    outputs: TerraformOutputs,
    plan: PlanReport,
    registrations: Registrations,
    tests: Sequence[SmokeTestReport],
    client: Client,
    session: Session,
) -> PromotionReport:
    """Move each alias whose stack is proven; the others stay where they are.

    Args:
        plan: says which stacks this run had to test; the others had been proven before.
        tests: the smoke tests of this run that passed.
    """
    desired = desired_registry(config, outputs.public())
    actual = read_registry(client, config.environment)
    changes = diff(desired, actual, immutable_versions=config.protection.immutable_versions)
    to_move = {change.name for change in changes if change.kind is Kind.ALIAS}
    proven_now = {(test.stack, test.content_hash) for test in tests if test.passed}
    moves: list[AliasMove] = []
    held_back: list[str] = []
    for stack in desired.stacks:
        if (stack.name, stack.content_hash) not in proven_now and stack.name in plan.to_test:
            held_back.append(stack.alias)
            continue
        action: Action | None = None
        if stack.alias in to_move:
            moved = promote_stack(
                client, stack, actual, run=session.run_name, guard=session.guard, emit=session.emit
            )
            action = moved.action
        moves.append(_move(stack, _version_of(actual.stacks.get(stack.alias)), action))
    if session.run_id is not None:
        runs.record_changes(session.run_id, _changes(outputs, registrations, moves))
    return PromotionReport(
        environment=config.environment, aliases=tuple(moves), held_back=tuple(held_back)
    )


def candidates(registrations: Registrations, plan: PlanReport) -> tuple[Registration, ...]:
    """The registered stacks whose smoke test isn't known to have passed."""
    return tuple(
        r for r in registrations.registrations if r.kind is Kind.STACK and r.name in plan.to_test
    )


def _require_as_planned(
    planned: Sequence[RegistrationChange], changes: Sequence[RegistrationChange]
) -> None:
    if [_shown(change) for change in planned] == [_shown(change) for change in changes]:
        return
    if all(_equal(p, c) for p, c in zip(planned, changes, strict=False)) and len(planned) == len(
        changes
    ):
        return
    raise PlanChangedError(
        "ZenML's registry isn't what it was when the plan was shown",
        why="Somebody changed a registration of this environment in between.",
        fix="Run the same command again: it plans anew.",
    )


def _shown(change: RegistrationChange) -> str:
    return change.model_dump_json()


def _equal(planned: RegistrationChange, found: RegistrationChange) -> bool:
    """Equal as far as the plan could know: what came from an output of the apply may differ."""
    same_thing = (planned.kind, planned.action, planned.name) == (
        found.kind,
        found.action,
        found.name,
    )
    return same_thing and (UNKNOWN in _shown(planned) or _shown(planned) == _shown(found))


def _version_of(alias: object) -> str | None:
    labels = getattr(alias, "labels", {})
    version = labels.get(VERSION)
    return str(version) if version else None


def _move(stack: DesiredStack, before: str | None, action: Action | None) -> AliasMove:
    return AliasMove(
        alias=stack.alias, stack=stack.name, before=before, after=stack.version, action=action
    )


def _changes(
    outputs: TerraformOutputs, registrations: Registrations, moves: Sequence[AliasMove]
) -> int:
    written = sum(1 for r in registrations.registrations if r.action)
    return sum(outputs.actions.values()) + written + sum(1 for move in moves if move.action)
