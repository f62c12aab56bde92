"""What people are told when connectors change their way in, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zenstrap.platforms.base import Platform
from zenstrap.registry.changes import Action, FieldKind, Kind, RegistrationChange
from zenstrap.registry.model import CONTENT_HASH, ML_PROJECT, ActualRegistry, DesiredRegistry
from zenstrap.registry.reconciliation import new_links
from zenstrap.reports import PlanReport, PromotionReport, count
from zenstrap.terraform.plan import Plan


def succession_notices(
    platform: Platform,
    desired: DesiredRegistry,
    actual: ActualRegistry,
    infrastructure: Plan,
    changes: Sequence[RegistrationChange],
    *,
    keys_in_use: bool,
) -> Iterator[str]:
    """What a plan says where connectors take the place of others.

    Args:
        keys_in_use: see :meth:`zenstrap.platforms.base.Platform.keys_in_use`.
    """
    shared = [change.name for change, _ in new_links(desired, changes)]
    if shared:
        yield (
            f"Current stacks use the new connector before the smoke test ({', '.join(shared)}). "
            "Where the test fails they get the old one back. Bump a component's version to keep "
            "them apart."
        )
    if keys_in_use:
        yield (
            "The service accounts' keys stay until the connectors that use them are gone: those go "
            "once their successors are proven, and the keys with the next up after that."
        )
        if platform.config.resilience.is_strict:
            yield "Strict compliance refuses keys: change auth first, and compliance_mode later."
    elif platform.revokes_keys(infrastructure):
        yield "No connector uses the service accounts' keys any more: they are deleted."
    cut_off = _cut_off(platform, infrastructure, desired, actual)
    if cut_off:
        yield (
            f"{', '.join(sorted(cut_off))}: what lets it in goes when this plan is applied, before "
            "its successor is proven. Until then current stacks can't use it."
        )


def changed_under(
    aliases: Sequence[str],
    platform: Platform,
    plan: PlanReport,
    desired: DesiredRegistry,
    actual: ActualRegistry,
) -> tuple[str, ...]:
    """Which registrations that these aliases use this run has changed, or cut off.

    Args:
        actual: at the end of the run; a link that was given back is no change.
    """
    used = {
        (kind, name)
        for alias in aliases
        if alias in actual.stacks
        for kind, names in actual.stacks[alias].components.items()
        for name in names
    }
    components = [found for key, found in actual.components.items() if key in used]
    connectors = {one.connector for one in components if one.connector}
    links = {one.name: one.connector for one in components}

    def changed(change: RegistrationChange) -> bool:
        if change.action not in (Action.UPDATE, Action.ADOPT):
            return False
        if change.kind is Kind.CONNECTOR:
            return change.name in connectors and any(
                not f.is_label or f.name == CONTENT_HASH for f in change.fields
            )
        if change.kind is not Kind.COMPONENT or change.name not in links:
            return False
        link = change.field(FieldKind.CONNECTOR)
        is_linked_anew = link is not None and link.before != links[change.name]
        return is_linked_anew or any(f.is_content for f in change.fields)

    in_place = {change.name for change in plan.registrations if changed(change)}
    cut_off = _cut_off(platform, plan.infrastructure, desired, actual) & connectors
    return tuple(sorted(in_place | cut_off))


def what_is_current(promotion: PromotionReport) -> str:
    """Why a failed smoke test isn't felt by those who use the alias, or what they may feel."""
    still = "; ".join(still_on(alias, promotion) for alias in promotion.held_back)
    told = f"What failed was not promoted: {still}"
    if not promotion.changed:
        return f"{told}."
    names = ", ".join(promotion.changed)
    number = count(len(promotion.changed), "registration")
    return f"{told}. But this run changed {number} in use there: {names}."


def still_on(alias: str, promotion: PromotionReport) -> str:
    """Where an alias is that was held back."""
    version = promotion.still.get(alias)
    return f"{alias} is still on {version}" if version else f"{alias} has no version yet"


def _cut_off(
    platform: Platform, infrastructure: Plan, desired: DesiredRegistry, actual: ActualRegistry
) -> set[str]:
    """The registered connectors of an earlier method that the plan takes the access from."""
    methods = platform.revoked_methods(infrastructure)
    wanted = {connector.name for connector in desired.connectors}
    projects = {stack.project for stack in desired.stacks}
    return {
        c.name
        for c in actual.our_connectors
        if c.method in methods and c.name not in wanted and c.labels.get(ML_PROJECT) in projects
    }
