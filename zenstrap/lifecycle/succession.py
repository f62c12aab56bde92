"""Messages about replaced connectors and changed access, in the plan and after a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zenstrap.platforms.base import Platform
from zenstrap.registry.changes import Action, FieldKind, Kind, RegistrationChange
from zenstrap.registry.model import CONTENT_HASH, ML_PROJECT, ActualRegistry, DesiredRegistry
from zenstrap.registry.reconciliation import new_links
from zenstrap.reports import PlanReport, PromotionReport
from zenstrap.terraform.plan import Plan
from zenstrap.words import count


def succession_notices(
    platform: Platform,
    desired: DesiredRegistry,
    actual: ActualRegistry,
    infrastructure: Plan,
    changes: Sequence[RegistrationChange],
    *,
    keys_in_use: bool,
) -> Iterator[str]:
    """The plan's notices about connectors that replace others.

    Args:
        keys_in_use: see :meth:`zenstrap.platforms.base.Platform.keys_in_use`.
    """
    shared = [change.name for change, _ in new_links(desired, changes)]
    if shared:
        yield (
            f"Current stacks use the new connector before the smoke test ({', '.join(shared)}). "
            "If the test fails, they get the old one back. Raise the component's version to keep "
            "current and new stacks apart."
        )
    if keys_in_use:
        yield (
            "The service accounts' keys are kept while connectors use them. The old connectors are "
            "deleted once the new ones have passed the smoke test, the keys by the next up."
        )
        if platform.config.resilience.is_strict:
            yield "Strict compliance refuses keys: change auth first, compliance_mode afterwards."
    elif platform.revokes_keys(infrastructure):
        yield "No connector uses the service accounts' keys any more: they are deleted."
    cut_off = _cut_off(platform, infrastructure, desired, actual)
    if cut_off:
        yield (
            f"{', '.join(sorted(cut_off))}: its access is revoked by this plan, before the new "
            "connector has passed its smoke test. Current stacks can't use it until then."
        )


def changes_visible_to(
    aliases: Sequence[str],
    platform: Platform,
    plan: PlanReport,
    desired: DesiredRegistry,
    actual: ActualRegistry,
) -> tuple[str, ...]:
    """The registrations used by these aliases that this run changed, or revoked the access of.

    Args:
        actual: the registry at the end of the run; a restored link isn't a change.
    """
    used = {
        (kind, name)
        for alias in aliases
        if alias in actual.stacks
        for kind, names in actual.stacks[alias].components.items()
        for name in names
    }
    components = [component for key, component in actual.components.items() if key in used]
    connectors = {component.connector for component in components if component.connector}
    links = {component.name: component.connector for component in components}

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


def explain_failed_promotion(promotion: PromotionReport) -> str:
    """What a failed smoke test means for users of the alias."""
    still = "; ".join(still_on(alias, promotion) for alias in promotion.held_back)
    text = f"Stacks that failed were not promoted: {still}"
    if not promotion.changed:
        return f"{text}."
    names = ", ".join(promotion.changed)
    number = count(len(promotion.changed), "registration")
    return f"{text}. But this run changed {number} that current stacks use: {names}."


def still_on(alias: str, promotion: PromotionReport) -> str:
    """The current version of an alias that wasn't promoted."""
    version = promotion.still.get(alias)
    return f"{alias} is still on {version}" if version else f"{alias} has no version yet"


def _cut_off(
    platform: Platform, infrastructure: Plan, desired: DesiredRegistry, actual: ActualRegistry
) -> set[str]:
    """The registered connectors of an earlier method whose access the plan revokes."""
    methods = platform.revoked_methods(infrastructure)
    wanted = {connector.name for connector in desired.connectors}
    projects = {stack.project for stack in desired.stacks}
    return {
        c.name
        for c in actual.our_connectors
        if c.method in methods and c.name not in wanted and c.labels.get(ML_PROJECT) in projects
    }
