"""The gate: apply the rules to a plan, and ask the user for approval where they require it."""

from __future__ import annotations

from zenstrap import invocation
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RefusedError
from zenstrap.policy.resources import ResourceRules
from zenstrap.policy.rules import Verdict, judge
from zenstrap.reports import GateReport, How, PlanReport
from zenstrap.running import Run
from zenstrap.user import user_name


def approve(
    plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules, run: Run
) -> GateReport:
    """Approve the plan, or raise the reason why not.

    Raises:
        RefusedError: a rule forbids it, there is no terminal to ask on, or the answer was no.
    """
    if (refused := refusal(plan, config, resources)) is not None:
        raise refused
    verdict = judge(plan, config, resources)
    if plan.is_empty:
        return _passed(plan, "nobody", "nothing to approve", verdict)
    if not verdict.questions:
        rule = f"protection.approval: {config.protection.approval}"
        return _passed(plan, rule, "policy", verdict)
    if run.request.approved:
        return _passed(plan, user_name(), "--yes", verdict)
    _ask(config.environment, verdict, run, plan.direction)
    return _passed(plan, user_name(), "terminal", verdict)


def refusal(
    plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules
) -> RefusedError | None:
    """Why a plan can't be applied, with or without approval; None if it can."""
    verdict = judge(plan, config, resources)
    if verdict.breaches:
        return RefusedError(
            f"the plan for {config.environment} breaks its rules: "
            f"{'; '.join(map(str, verdict.breaches))}",
            why="A module was changed, or a resource was changed outside of zenstrap: zenstrap's "
            "own modules keep these rules.",
            fix="Correct the module; docs/modules.md lists the rules.",
        )
    if not verdict.refusals:
        return None
    why, fix = _protection(config)
    what = f"the plan for {config.environment} is refused: {'; '.join(verdict.refusals)}"
    return RefusedError(what, why=why, fix=fix)


def _protection(config: EnvironmentConfig) -> tuple[str, str]:
    """Why the environment is protected, and a fix that the configuration's own rules allow."""
    if config.protection.allow_destroy:
        return "An encryption key is never replaced.", "Give the new key another name."
    if config.resilience.is_strict:
        return (
            "compliance_mode strict protects against destruction.",
            "Undo the change that causes it. If it is intended, set resilience.compliance_mode: "
            "standard and protection.allow_destroy: true first, in a reviewed change. That "
            "recreates every resource that is encrypted with the environment's keys: read that "
            "plan first.",
        )
    return (
        "protection.allow_destroy is false for this environment.",
        "Undo the change that causes it. If it is intended, set protection.allow_destroy: true in "
        "a reviewed change first.",
    )


def _ask(environment: str, verdict: Verdict, run: Run, verb: str) -> None:
    wanted = environment if verdict.type_name else "y"
    prompt = f"Type {environment} to go ahead: " if verdict.type_name else "Go ahead? [y/N] "
    answer = run.question(prompt)
    if answer is None:
        reasons = "; ".join(verdict.questions)
        raise RefusedError(
            f"{environment} needs an approval, and there is no terminal to ask on",
            why=f"{reasons[0].upper()}{reasons[1:]}.",
            fix="Read the plan, then run",
            command=invocation.again(environment, invocation.YES, verb=verb),
        )
    answer = answer.strip()
    agreed = answer == wanted if verdict.type_name else answer.lower() in ("y", "yes")
    if not agreed:
        raise RefusedError(
            f"not approved: {environment} was not changed",
            fix=f"To go ahead, run the command again and answer with {wanted}",
            command=invocation.again(environment, verb=verb),
        )


def _passed(plan: PlanReport, by: str, how: How, verdict: Verdict) -> GateReport:
    return GateReport(
        environment=plan.environment,
        digest=plan.digest,
        approved_by=by,
        how=how,
        reasons=verdict.questions,
    )
