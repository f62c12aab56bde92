"""From a plan and a configuration to a verdict. Pure: nobody is asked here."""

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
    """What the rules say of a plan.

    Attributes:
        refusals: what would be lost and must not be, whoever agrees; empty if nothing would.
        breaches: what breaks a rule of the environment; refused as well, also where it is so
            already and the plan changes nothing.
        questions: why somebody has to agree first; empty if nobody has to.
        type_name: agreeing means typing the environment's name.
    """

    refusals: tuple[str, ...]
    questions: tuple[str, ...]
    type_name: bool
    breaches: tuple[Breach, ...] = ()


def judge(plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules) -> Verdict:
    """Apply ``protection`` and the rules on resources to a plan."""
    found = resources.breaches(plan.infrastructure)
    if plan.is_empty:
        return Verdict((), (), False, found)
    questions = tuple(_questions(plan, config))
    destroys = _takes_all_away(plan) or bool(plan.infrastructure.destructive)
    return Verdict(
        refusals=tuple(_refusals(plan, config, resources)),
        questions=questions,
        type_name=bool(questions) and (destroys or config.protection.confirm_by_name),
        breaches=found,
    )


def _refusals(plan: PlanReport, config: EnvironmentConfig, resources: ResourceRules) -> list[str]:
    destructive = plan.infrastructure.destructive
    if config.protection.allow_destroy:
        lost = [c.address for c in destructive if c.type in resources.key_types]
        return [f"{address} would be made anew, and what it encrypted lost" for address in lost]
    lost = [c.address for c in destructive if c.type in resources.protected_types]
    reasons = [f"{address} would be deleted, and its type is protected" for address in lost]
    reasons += [
        f"{loss.address} would be destroyed, and {loss.who}"
        for loss in plan.losses
        if loss.address not in lost
    ]
    if _takes_all_away(plan):
        reasons.append("taking the environment down is not allowed")
    elif reasons:
        reasons = [*_causes(plan, config), *reasons]
    return reasons


def _causes(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    """Which change of the configuration takes something away as a whole."""
    named = (_PROJECT.search(change.address) for change in plan.infrastructure.destructive)
    dropped = sorted({found[1] for found in named if found} - config.ml_projects.keys())
    return [f"ML project {name} is no longer in ml_projects" for name in dropped]


def _questions(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    reasons = []
    if _takes_all_away(plan):
        reasons.append("everything in the environment is taken away")
    elif destructive := plan.infrastructure.destructive:
        reasons.append(f"{count(len(destructive), 'resource')} would be destroyed or replaced")
    match config.protection.approval:
        case "terminal":
            reasons.append("every change needs an approval here")
        case "none":
            pass
        case unknown:
            assert_never(unknown)
    return reasons


def _takes_all_away(plan: PlanReport) -> bool:
    match plan.direction:
        case "down":
            return True
        case "up" | "rollback":
            return False
        case unknown:
            assert_never(unknown)
