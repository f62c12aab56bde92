"""The version history of an alias: rollback targets and retention. Pure.

The history is one label of the alias, so that it is written in the same request that moves the
alias. Newest first, each version once. A rollback to a version marks the versions after it as
rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from zenstrap import invocation
from zenstrap.errors import RefusedError, UsageError
from zenstrap.naming import alias_name
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    RegistrationChange,
    deletion,
)
from zenstrap.registry.model import (
    ML_PROJECT,
    PROMOTIONS,
    VERSION,
    ActualRegistry,
    ActualStack,
    version_in,
    version_of,
)

# Entries of about 100 characters. With MySQL ZenML stores a stack's labels in a BLOB of 64 KiB;
# a label of 20,000 characters was tested.
_MOST_RECORDED: Final = 200


@dataclass(frozen=True)
class Promotion:
    """The promotion of a version: when, and by which run.

    Attributes:
        rolled_back_at: when it was rolled back; None if it wasn't.
        rolled_back_by: the run that rolled it back.
    """

    version: str
    at: datetime
    run: str
    rolled_back_at: datetime | None = None
    rolled_back_by: str | None = None


@dataclass(frozen=True)
class Versions:
    """The registered versions of one stack, by status.

    Attributes:
        current: the version that the alias has; None if there is no alias, or its version was
            deleted.
        previous: promoted before, the last one first.
        rolled_back: promoted and then rolled back from, the last promoted one first.
        candidates: never promoted; the newest version first.
        promotions: of all but the candidates, by version.
    """

    alias: ActualStack | None
    current: ActualStack | None
    previous: tuple[ActualStack, ...]
    rolled_back: tuple[ActualStack, ...]
    candidates: tuple[ActualStack, ...]
    promotions: Mapping[str, Promotion]


def versions_of(actual: ActualRegistry, project: str | None) -> Versions:
    """The registered versions of the base stack (None) or an ML project's."""
    stacks = {
        version: stack
        for stack in actual.our_stacks
        if (version := version_in(stack.name)) and stack.labels.get(ML_PROJECT) == project
    }
    alias = actual.stacks.get(alias_name(actual.environment, project))
    if alias is not None and not actual.is_ours(alias.labels):
        alias = None
    now = (version_of(alias) or None) if alias else None
    recorded = {p.version: p for p in promotions(alias)} if alias else {}
    earlier = [p for p in recorded.values() if p.version in stacks and p.version != now]
    others = sorted(stacks.keys() - {now, *recorded}, key=_order, reverse=True)
    return Versions(
        alias=alias,
        current=stacks.get(now) if now else None,
        previous=tuple(stacks[p.version] for p in earlier if p.rolled_back_by is None),
        rolled_back=tuple(stacks[p.version] for p in earlier if p.rolled_back_by is not None),
        candidates=tuple(stacks[version] for version in others),
        promotions=recorded,
    )


def promotions(alias: ActualStack) -> tuple[Promotion, ...]:
    """The history of an alias, newest first; empty if it can't be read."""
    try:
        return tuple(_promotion(*entry) for entry in json.loads(alias.labels.get(PROMOTIONS, "[]")))
    except (ValueError, TypeError):
        return ()


def promotion_record(
    alias: ActualStack | None, version: str, *, at: datetime, run: str
) -> dict[str, str]:
    """The label with the history of an alias after the promotion of a version."""
    before = promotions(alias) if alias else ()
    effective = [p.version for p in before if p.rolled_back_by is None]
    # A rollback to an earlier version: the versions after it are marked as rolled back.
    undone = effective[: effective.index(version)] if version in effective else []
    kept = (
        replace(p, rolled_back_at=at, rolled_back_by=run) if p.version in undone else p
        for p in before
        if p.version != version
    )
    record = (Promotion(version, at, run), *kept)[:_MOST_RECORDED]
    return {PROMOTIONS: json.dumps([_entry(p) for p in record], separators=(",", ":"))}


def last_move(actual: ActualRegistry, project: str | None) -> Promotion | None:
    """The promotion of an alias's current version; None if its history lacks it."""
    versions = versions_of(actual, project)
    if versions.alias is None or versions.current is None:
        return None
    return versions.promotions.get(version_of(versions.current))


def rolled_back_from(actual: ActualRegistry, project: str | None, version: str) -> str | None:
    """The run that rolled a version of a stack back; None if none did."""
    alias = versions_of(actual, project).alias
    entries = (p for p in promotions(alias) if p.version == version) if alias else ()
    return next((p.rolled_back_by for p in entries), None)


def rollback_target(
    actual: ActualRegistry, project: str | None, to: str | None, *, finish: bool = False
) -> ActualStack:
    """The stack that an alias is rolled back to.

    Args:
        to: a version that was promoted before; None for the one before the current one.
        finish: an interrupted rollback has moved the alias already; return that rollback's target.

    Raises:
        UsageError: the version wasn't promoted, or is no longer registered.
        RefusedError: it is current already.
    """
    versions = versions_of(actual, project)
    name = alias_name(actual.environment, project)
    current = version_of(versions.current) if versions.current is not None else None
    if finish and versions.current is not None and to in (None, current):
        return versions.current
    if to is None:
        if not versions.previous:
            raise UsageError(
                f"{name} has no earlier version to roll back to",
                why="A rollback needs a version that was promoted and is still registered.",
                fix="List the versions",
                command=invocation.command("status", actual.environment),
            )
        return versions.previous[0]
    if current == to:
        raise RefusedError(f"{name} has version {to} already", fix="Nothing is to be done.")
    kept = {version_of(stack): stack for stack in (*versions.previous, *versions.rolled_back)}
    if to not in kept:
        raise UsageError(
            f"{name} can't be rolled back to version {to}",
            why="It was never promoted, or is no longer registered; possible versions: "
            f"{', '.join(kept) or 'none'}.",
            fix=f"{'Choose one of them, or set' if kept else 'Set'} version {to} in the "
            "configuration and apply it",
            command=invocation.command("up", actual.environment),
        )
    return kept[to]


def rollback_change(actual: ActualRegistry, target: ActualStack) -> RegistrationChange:
    """The change of a rollback: one alias, in one update."""
    project = target.labels.get(ML_PROJECT)
    alias = versions_of(actual, project).alias
    before, after = version_of(alias) or None if alias else None, version_of(target)
    move = last_move(actual, project) if before == after else None
    return RegistrationChange(
        kind=Kind.ALIAS,
        action=Action.PROMOTE if alias else Action.CREATE,
        name=alias_name(actual.environment, project),
        fields=(FieldChange(kind=FieldKind.LABEL, name=VERSION, before=before, after=after),),
        note=f"finishes {move.run}" if move else f"back to {target.name}",
    )


def beyond_retention(actual: ActualRegistry, keep: int) -> tuple[RegistrationChange, ...]:
    """The deletion of promoted versions that are older than the last ``keep`` of their stack.

    The current version counts, but is never deleted; neither are candidates. Components are deleted
    with the last stack that has them, including other users' stacks.
    """
    stacks = [s for project in _projects(actual) for s in _excess(actual, project, keep)]
    deleted = {stack.name for stack in stacks}
    used = {
        (kind, name)
        for stack in actual.stacks.values()
        if stack.name not in deleted
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
        *(deletion(Kind.STACK, name) for name in sorted(deleted)),
        *(deletion(Kind.COMPONENT, name, kind) for kind, name in sorted(freed & ours)),
    )


def _excess(actual: ActualRegistry, project: str | None, keep: int) -> Iterator[ActualStack]:
    versions = versions_of(actual, project)
    kept = keep - (1 if versions.current is not None else 0)
    yield from versions.previous[max(0, kept) :]


def _projects(actual: ActualRegistry) -> list[str | None]:
    named = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    return [None, *sorted(named)]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _promotion(
    version: str, at: str, run: str, rolled_back_at: str = "", rolled_back_by: str | None = None
) -> Promotion:
    back = datetime.fromisoformat(rolled_back_at) if rolled_back_at else None
    return Promotion(version, datetime.fromisoformat(at), run, back, rolled_back_by)


def _entry(promotion: Promotion) -> list[str]:
    """Three texts; five if it was rolled back."""
    p = promotion
    entry = [p.version, p.at.isoformat(timespec="seconds"), p.run]
    if p.rolled_back_at is not None and p.rolled_back_by is not None:
        entry += [p.rolled_back_at.isoformat(timespec="seconds"), p.rolled_back_by]
    return entry
