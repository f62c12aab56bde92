"""From a plan and a configuration to a verdict. Pure: nobody is asked here."""

from __future__ import annotations

from dataclasses import dataclass

from zenstrap.config import EnvironmentConfig
from zenstrap.reports import PlanReport, count

# Deleting or replacing one of these loses what can't be made again.
PROTECTED_TYPES = frozenset(
    {
        "google_storage_bucket",
        "google_artifact_registry_repository",
        "google_kms_key_ring",
        "google_kms_crypto_key",
    }
)


@dataclass(frozen=True)
class Verdict:
    """What the rules say of a plan.

    Attributes:
        refusals: why it must not be carried out, whoever agrees; empty if it may.
        questions: why somebody has to agree first; empty if nobody has to.
        type_name: agreeing means typing the environment's name.
    """

    refusals: tuple[str, ...]
    questions: tuple[str, ...]
    type_name: bool


def judge(plan: PlanReport, config: EnvironmentConfig) -> Verdict:
    """Apply ``protection`` to a plan."""
    if plan.is_empty:
        return Verdict((), (), False)
    questions = tuple(_questions(plan, config))
    destroys = plan.direction == "down" or bool(plan.infrastructure.destructive)
    return Verdict(
        refusals=tuple(_refusals(plan, config)),
        questions=questions,
        type_name=bool(questions) and (destroys or config.protection.confirm_by_name),
    )


def _refusals(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    if config.protection.allow_destroy:
        return []
    lost = [c.address for c in plan.infrastructure.destructive if c.type in PROTECTED_TYPES]
    reasons = [f"{address} would be deleted, and its type is protected" for address in lost]
    if plan.direction == "down":
        reasons.append("taking the environment down is not allowed")
    return reasons


def _questions(plan: PlanReport, config: EnvironmentConfig) -> list[str]:
    reasons = []
    if plan.direction == "down":
        reasons.append("everything in the environment is taken away")
    elif destructive := plan.infrastructure.destructive:
        reasons.append(f"{count(len(destructive), 'resource')} would be destroyed or replaced")
    if config.protection.approval == "terminal":
        reasons.append("every change needs an approval here")
    return reasons
