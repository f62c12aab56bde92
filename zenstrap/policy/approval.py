"""The gate: apply the rules to a plan, and ask a person where they say so."""

from __future__ import annotations

import getpass

from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RefusedError
from zenstrap.policy.rules import Verdict, judge
from zenstrap.reports import GateReport, How, PlanReport
from zenstrap.session import Session


def approve(plan: PlanReport, config: EnvironmentConfig, session: Session) -> GateReport:
    """Let the plan through, or say why not.

    Raises:
        RefusedError: a rule forbids it, nobody could be asked, or the answer was no.
    """
    verdict = judge(plan, config)
    if verdict.breaches:
        raise RefusedError(
            f"the plan for {config.environment} breaks its rules: "
            f"{'; '.join(map(str, verdict.breaches))}",
            why="What has been changed is a module or something outside of zenstrap: its own "
            "modules keep these rules.",
            fix="Mend the module; docs/modules.md says which rule asks for what.",
        )
    if verdict.refusals:
        allowed = config.protection.allow_destroy
        raise RefusedError(
            f"the plan for {config.environment} is refused: {'; '.join(verdict.refusals)}",
            why="An encryption key is never replaced."
            if allowed
            else "protection.allow_destroy is false for this environment.",
            fix="Give the new key another name."
            if allowed
            else "If it is wanted, set protection.allow_destroy: true in a reviewed change first.",
        )
    if plan.is_empty:
        return _passed(plan, "nobody", "nothing to approve", verdict)
    if not verdict.questions:
        rule = f"protection.approval: {config.protection.approval}"
        return _passed(plan, rule, "policy", verdict)
    if session.assume_yes:
        return _passed(plan, getpass.getuser(), "--yes", verdict)
    _ask(config.environment, verdict, session, plan.direction)
    return _passed(plan, getpass.getuser(), "terminal", verdict)


def _ask(environment: str, verdict: Verdict, session: Session, verb: str) -> None:
    reasons = "; ".join(verdict.questions)
    if session.ask is None:
        raise RefusedError(
            f"{environment} needs an approval, and there is no terminal to ask on",
            why=f"{reasons[0].upper()}{reasons[1:]}.",
            fix=f"Read the plan, then run: python run.py {verb} --env {environment} --yes",
        )
    wanted = environment if verdict.type_name else "y"
    prompt = f"Type {environment} to go ahead: " if verdict.type_name else "Go ahead? [y/N] "
    answer = session.ask(prompt).strip()
    agreed = answer == wanted if verdict.type_name else answer.lower() in ("y", "yes")
    if not agreed:
        raise RefusedError(
            f"not approved: {environment} is as it was",
            fix=f"To go ahead, run the command again and answer with {wanted}.",
        )


def _passed(plan: PlanReport, by: str, how: How, verdict: Verdict) -> GateReport:
    return GateReport(
        environment=plan.environment,
        digest=plan.digest,
        approved_by=by,
        how=how,
        reasons=verdict.questions,
    )
