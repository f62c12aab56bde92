"""Rolls one alias back to an earlier version, after a new smoke test, in one write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.config.names import nearest, project_name_fault
from zenstrap.errors import UsageError
from zenstrap.lifecycle.ownership import our_registry, require_ours
from zenstrap.lifecycle.planning import combined_digest
from zenstrap.lifecycle.proving import is_proven, last_test
from zenstrap.naming import alias_name
from zenstrap.registry.changes import Kind, Registration
from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    ActualRegistry,
    ActualStack,
    version_of,
)
from zenstrap.registry.reconciliation import registry_changed
from zenstrap.registry.versions import Promotion, last_move, rollback_change, rollback_target
from zenstrap.registry.zenml_stacks import move_alias
from zenstrap.reports import (
    AliasMove,
    GateReport,
    PlanReport,
    PromotionReport,
    Registrations,
    SmokeTestReport,
)
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.plan import Plan

if TYPE_CHECKING:
    from zenml.client import Client


def plan_rollback(client: Client, run: Run) -> PlanReport:
    """The plan of the requested rollback. Changes nothing.

    If an earlier rollback moved the alias but didn't complete, this one completes it: a user whose
    session was cut off can't know how far it got.

    Raises:
        UsageError: there is no such version to roll back to.
        RefusedError: that version is current already.
    """
    config = run.config
    project, to, test = run.request.project, run.request.to, run.request.smoke_test
    if project is not None and (fault := project_name_fault(project)):
        raise UsageError(fault, where="--project")
    actual = our_registry(client, run)
    require_ours(actual, client)
    _require_project(project, config, actual)
    target, finishes = where_to(actual, project, to, lambda name: runs.run_named(client, name))
    change = rollback_change(actual, target)
    # The interrupted rollback tested the version before it moved the alias.
    test = test and not (finishes and _is_proven(config, client, target, project))
    nothing = Plan(changes=(), outputs={}, terraform_version="", digest="no plan")
    return PlanReport(
        environment=config.environment,
        direction="rollback",
        infrastructure=nothing,
        registrations=(change,),
        to_test=(target.name,) if test else (),
        digest=combined_digest(nothing, (change,)),
        notices=tuple(_notices(config, target, project, finishes)),
    )


def _require_project(
    project: str | None, config: EnvironmentConfig, actual: ActualRegistry
) -> None:
    registered = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    known = sorted({*registered, *config.ml_projects})
    if project is None or project in known:
        return
    meant = nearest(project, known)
    raise UsageError(
        f"{config.environment} has no ML project {project}",
        where="--project",
        fix=f"Did you mean {meant}?" if meant else f"It has {', '.join(known) or 'none'}",
    )


def where_to(
    actual: ActualRegistry,
    project: str | None,
    to: str | None,
    find_run: Callable[[str], RunRecord | None],
) -> tuple[ActualStack, Promotion | None]:
    """The stack to roll back to, and the interrupted move that this completes, if there is one.

    Args:
        find_run: returns the run of a name; None if it was deleted, which counts as completed.

    Raises:
        UsageError, RefusedError: see :func:`zenstrap.registry.versions.rollback_target`.
    """
    moved = last_move(actual, project)
    run = find_run(moved.run) if moved else None
    broken_off = run is not None and run.command == "rollback" and run.status != "completed"
    target = rollback_target(actual, project, to, finish=broken_off)
    finishes = moved is not None and moved.version == version_of(target)
    return target, moved if finishes else None


def find_version(plan: PlanReport, client: Client, run: Run) -> Registrations:
    """The registered stack that the plan rolls back to.

    Raises:
        PlanChangedError: it isn't registered any more.
    """
    target = _target(plan, our_registry(client, run))
    return Registrations(environment=run.environment, registrations=(_registration(target),))


def roll_back(
    plan: PlanReport,
    gate: GateReport,
    tests: Sequence[SmokeTestReport],
    client: Client,
    run: Run,
) -> PromotionReport:
    """Move the alias to the approved version, which was tested unless the request says otherwise.

    Raises:
        PlanChangedError: the registry changed after the plan was shown.
        RegistryError: ZenML refused; the alias is unchanged.
    """
    actual = our_registry(client, run)
    target = _target(plan, actual)
    proven = {(test.stack, test.content_hash) for test in tests if test.passed}
    tested = (target.name, target.labels[CONTENT_HASH]) in proven
    if gate.digest != plan.digest or (plan.to_test and not tested):
        raise registry_changed()
    moved = move_alias(client, target, actual, run=run.record.name, guard=run.guard, emit=run.emit)
    run.record.changes = 1
    move = AliasMove(
        alias=moved.name,
        stack=target.name,
        before=_before(plan),
        after=moved.version,
        action=moved.action,
    )
    return PromotionReport(environment=run.environment, aliases=(move,))


def _target(plan: PlanReport, actual: ActualRegistry) -> ActualStack:
    """The stack whose rollback in the current registry is the plan's change."""
    for stack in actual.our_stacks:
        if (rollback_change(actual, stack),) == plan.registrations:
            return stack
    raise registry_changed()


def _before(plan: PlanReport) -> str | None:
    """The version that the alias had when the plan was shown."""
    version = plan.registrations[0].version
    return version.before if version else None


def _registration(stack: ActualStack) -> Registration:
    return Registration(
        kind=Kind.STACK,
        name=stack.name,
        id=stack.id,
        version=version_of(stack),
        content_hash=stack.labels[CONTENT_HASH],
        project=stack.labels.get(ML_PROJECT),
    )


def _is_proven(
    config: EnvironmentConfig, client: Client, target: ActualStack, project: str | None
) -> bool:
    test = last_test(client, config.environment, target.name)
    demands = config.smoke_test_of(project).demands
    return is_proven(test, target.id, target.labels[CONTENT_HASH], demands)


def _notices(
    config: EnvironmentConfig,
    target: ActualStack,
    project: str | None,
    finishes: Promotion | None,
) -> Iterator[str]:
    version = version_of(target)
    if finishes:
        yield (
            f"Run {finishes.run} had moved {alias_name(config.environment, project)} to {version} "
            "and was interrupted. This run completes that rollback; the next one goes to an "
            "older version."
        )
    configured = (
        config.version_of(project) if project is None or project in config.ml_projects else None
    )
    if configured is not None and configured != version:
        yield (
            f"The configuration says {configured}, so the next up tests that version and promotes "
            f"it if it passes: set the version back to {version}, or raise it together with a fix."
        )
