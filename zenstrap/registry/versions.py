"""The versions that an alias had: what to roll back to, and what is kept how long. Pure.

The record stands on the alias itself, as one label, so that it is written in the same request that
moves the alias: there is no moment in which one is done and the other isn't. Newest first; rolling
back to a version drops what came after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from zenstrap.errors import RefusedError, UsageError
from zenstrap.naming import alias_name
from zenstrap.registry.changes import Action, FieldChange, Kind, RegistrationChange
from zenstrap.registry.labels import is_alias
from zenstrap.registry.model import (
    ML_PROJECT,
    PROMOTIONS,
    VERSION,
    ActualRegistry,
    ActualStack,
)

# More are never looked at: retention.stack_versions is a few, and each listing reads the label.
_MOST_RECORDED: Final = 50


@dataclass(frozen=True)
class Promotion:
    """When an alias got a version, and by which run."""

    version: str
    at: datetime
    run: str


@dataclass(frozen=True)
class Versions:
    """The registered versions of one stack, by what they are to its alias.

    Attributes:
        current: the version that the alias has; None where there is no alias, or its version is
            gone.
        previous: promoted before, the last one first.
        candidates: never promoted, or rolled back from; the newest version first.
        promotions: of ``current`` and ``previous``, by version.
    """

    alias: ActualStack | None
    current: ActualStack | None
    previous: tuple[ActualStack, ...]
    candidates: tuple[ActualStack, ...]
    promotions: Mapping[str, Promotion]


def versions_of(actual: ActualRegistry, project: str | None) -> Versions:
    """What is registered of the base stack (None) or an ML project's."""
    stacks = {
        stack.labels.get(VERSION, ""): stack
        for stack in actual.our_stacks
        if not is_alias(stack) and stack.labels.get(ML_PROJECT) == project
    }
    alias = actual.stacks.get(alias_name(actual.environment, project))
    if alias is not None and not actual.is_ours(alias.labels):
        alias = None
    now = alias.labels.get(VERSION) if alias else None
    recorded = {p.version: p for p in promotions(alias)} if alias else {}
    previous = [version for version in recorded if version in stacks and version != now]
    others = sorted(stacks.keys() - {now, *previous}, key=_order, reverse=True)
    return Versions(
        alias=alias,
        current=stacks.get(now) if now else None,
        previous=tuple(stacks[version] for version in previous),
        candidates=tuple(stacks[version] for version in others),
        promotions=recorded,
    )


def promotions(alias: ActualStack) -> tuple[Promotion, ...]:
    """The record on an alias, newest first; none where it can't be read."""
    try:
        return tuple(
            Promotion(version, datetime.fromisoformat(at), run)
            for version, at, run in json.loads(alias.labels.get(PROMOTIONS, "[]"))
        )
    except (ValueError, TypeError):
        return ()


def promotion_record(
    alias: ActualStack | None, version: str, *, at: datetime, run: str
) -> dict[str, str]:
    """The label for an alias that gets a version, with what it had before."""
    before = promotions(alias) if alias else ()
    known = [promotion.version for promotion in before]
    # Back to a version that it had: what came after that was rolled back from.
    kept = before[known.index(version) + 1 :] if version in known else before
    record = (Promotion(version, at, run), *kept)[:_MOST_RECORDED]
    entries = [[p.version, p.at.isoformat(timespec="seconds"), p.run] for p in record]
    return {PROMOTIONS: json.dumps(entries, separators=(",", ":"))}


def previous_version(actual: ActualRegistry, project: str | None) -> str | None:
    """The version that was current before; None where there is none, or it isn't kept."""
    previous = versions_of(actual, project).previous
    return previous[0].labels[VERSION] if previous else None


def rollback_target(actual: ActualRegistry, project: str | None, to: str | None) -> ActualStack:
    """The stack that an alias goes back to.

    Args:
        to: a version that was promoted before; None for the one before the current one.

    Raises:
        UsageError: no such version was promoted and kept.
        RefusedError: it is current already.
    """
    found = versions_of(actual, project)
    name = alias_name(actual.environment, project)
    kept = {stack.labels[VERSION]: stack for stack in found.previous}
    if to is None:
        if not found.previous:
            raise UsageError(
                f"{name} has no earlier version to go back to",
                why="Only versions that were promoted before and are still registered count.",
                fix=f"See what there is: python run.py status --env {actual.environment}",
            )
        return found.previous[0]
    if found.current is not None and found.current.labels.get(VERSION) == to:
        raise RefusedError(f"{name} has version {to} already", fix="Nothing is to be done.")
    if to not in kept:
        raise UsageError(
            f"{name} can't go back to version {to}",
            why=f"It was never promoted, or isn't kept; kept are {', '.join(kept) or 'none'}.",
            fix=f"Name one of them, or promote {to} with: python run.py --env {actual.environment}",
        )
    return kept[to]


def rollback_change(actual: ActualRegistry, target: ActualStack) -> RegistrationChange:
    """What a rollback writes: one alias, in one update."""
    project = target.labels.get(ML_PROJECT)
    alias = versions_of(actual, project).alias
    return RegistrationChange(
        kind=Kind.ALIAS,
        action=Action.PROMOTE if alias else Action.CREATE,
        name=alias_name(actual.environment, project),
        fields=(
            FieldChange(
                field=f"label {VERSION}",
                before=alias.labels.get(VERSION) if alias else None,
                after=target.labels.get(VERSION),
            ),
        ),
        note=f"back to {target.name}",
    )


def beyond_retention(actual: ActualRegistry, keep: int) -> tuple[RegistrationChange, ...]:
    """The deletion of promoted versions that are older than the last ``keep`` of their stack.

    The current one counts among them and never goes, candidates neither. Components go with the
    last stack that has them, somebody else's stack included.
    """
    stacks = [s for project in _projects(actual) for s in _excess(actual, project, keep)]
    gone = {stack.name for stack in stacks}
    used = {
        (kind, name)
        for stack in actual.stacks.values()
        if stack.name not in gone
        for kind, names in stack.components.items()
        for name in names
    }
    freed = {
        (kind, name)
        for stack in stacks
        for kind, names in stack.components.items()
        for name in names
    } - used
    ours = {(c.type, c.name) for c in actual.our_components}
    return (
        *(_deletion(Kind.STACK, name) for name in sorted(gone)),
        *(_deletion(Kind.COMPONENT, name, kind) for kind, name in sorted(freed & ours)),
    )


def _excess(actual: ActualRegistry, project: str | None, keep: int) -> Iterator[ActualStack]:
    found = versions_of(actual, project)
    kept = keep - (1 if found.current is not None else 0)
    yield from found.previous[max(0, kept) :]


def _projects(actual: ActualRegistry) -> list[str | None]:
    named = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    return [None, *sorted(named)]


def _deletion(kind: Kind, name: str, note: str = "") -> RegistrationChange:
    return RegistrationChange(kind=kind, action=Action.DELETE, name=name, note=note)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
