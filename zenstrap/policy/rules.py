"""From a plan and a configuration to a verdict. Pure: the user is asked in ``approval``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, assert_never

from zenstrap.config import EnvironmentConfig
from zenstrap.policy.resources import Breach, ResourceRules
from zenstrap.reports import PlanReport, count

_PROJECT: Final = re.compile(r'module\.ml_projects\["([^"]+)"\]')


@dataclass(frozen=True)
class Verdict:
    """The rules' result for a plan.

    Attributes:
        refusals: protected resources that would be lost; no approval allows that.
        breaches: resources that break a rule of the environment; refused as well, even if the
            plan doesn't change them.
        questions: why the plan needs an approval; empty if it needs none.
        type_name: to approve, the user types the environment's name.
    """

    refusals: tuple[str, ...]
    questions: tuple[str, ...]
    type_name: bool
    breaches: tuple[Breach, ...] = ()


def judge(plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules) -> Verdict:
    """Apply ``protection`` and the rules on resources to a plan."""
    breaches = resources.breaches(plan.infrastructure)
    if plan.is_empty:
        return Verdict((), (), False, breaches)
    questions = tuple(_questions(plan, config))
    destroys = _removes_everything(plan) or bool(plan.infrastructure.destructive)
    return Verdict(
        refusals=tuple(_refusals(plan, config, resources)),
        questions=questions,
        type_name=bool(questions) and (destroys or config.protection.confirm_by_name),
        breaches=breaches,
    )


def _refusals(plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules) -> list[str]:
    destructive = plan.infrastructure.destructive
    if config.protection.allow_destroy:
        lost = [c.address for c in destructive if c.type in resources.key_types]
        return [f"{address} would be replaced, and all data it encrypted lost" for address in lost]
    lost = [c.address for c in destructive if c.type in resources.protected_types]
    reasons = [f"{address} would be deleted, and its type is protected" for address in lost]
    reasons += [
        f"{loss.address} would be destroyed, and {loss.who}"
        for loss in plan.losses
        if loss.address not in lost
    ]
    if _removes_everything(plan):
        reasons.append("taking the environment down is not allowed")
    elif reasons:
        reasons = [*_causes(plan, config), *reasons]
    return reasons


def _causes(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    """The changes of the configuration that remove a whole ML project."""
    matches = (_PROJECT.search(change.address) for change in plan.infrastructure.destructive)
    removed = sorted({match[1] for match in matches if match} - config.ml_projects.keys())
    return [f"ML project {name} is no longer in ml_projects" for name in removed]


def _questions(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    reasons = []
    if _removes_everything(plan):
        reasons.append("everything in the environment would be removed")
    elif destructive := plan.infrastructure.destructive:
        reasons.append(f"{count(len(destructive), 'resource')} would be destroyed or replaced")
    match config.protection.approval:
        case "terminal":
            reasons.append("every change to this environment needs an approval")
        case "none":
            pass
        case unknown:
            assert_never(unknown)
    return reasons


def _removes_everything(plan: PlanReport) -> bool:
    match plan.direction:
        case "down":
            return True
        case "up" | "rollback":
            return False
        case unknown:
            assert_never(unknown)
