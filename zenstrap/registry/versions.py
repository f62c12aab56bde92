"""The versions that an alias had: what to roll back to, and what is kept how long. Pure.

The record stands on the alias itself, as one label, so that it is written in the same request that
moves the alias: there is no moment in which one is done and the other isn't. Newest first, each
version once. Going back to a version marks what came after it as rolled back from.
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

# Of about 100 characters each. On MySQL ZenML keeps a stack's labels in a BLOB of 64 KiB; a label
# of 20,000 characters came back whole.
_MOST_RECORDED: Final = 200


@dataclass(frozen=True)
class Promotion:
    """When an alias got a version, and by which run.

    Attributes:
        rolled_back_at: when the alias went back to what was before it; None where it didn't.
        rolled_back_by: the run that did.
    """

    version: str
    at: datetime
    run: str
    rolled_back_at: datetime | None = None
    rolled_back_by: str | None = None


@dataclass(frozen=True)
class Versions:
    """The registered versions of one stack, by what they are to its alias.

    Attributes:
        current: the version that the alias has; None where there is no alias, or its version is
            gone.
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
    """What is registered of the base stack (None) or an ML project's."""
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
    """The record on an alias, newest first; none where it can't be read."""
    try:
        return tuple(_promotion(*entry) for entry in json.loads(alias.labels.get(PROMOTIONS, "[]")))
    except (ValueError, TypeError):
        return ()


def promotion_record(
    alias: ActualStack | None, version: str, *, at: datetime, run: str
) -> dict[str, str]:
    """The label for an alias that gets a version, with what it had before."""
    before = promotions(alias) if alias else ()
    standing = [p.version for p in before if p.rolled_back_by is None]
    # Back to a version that it had: what came after that is rolled back from.
    undone = standing[: standing.index(version)] if version in standing else []
    kept = (
        replace(p, rolled_back_at=at, rolled_back_by=run) if p.version in undone else p
        for p in before
        if p.version != version
    )
    record = (Promotion(version, at, run), *kept)[:_MOST_RECORDED]
    return {PROMOTIONS: json.dumps([_entry(p) for p in record], separators=(",", ":"))}


def last_move(actual: ActualRegistry, project: str | None) -> Promotion | None:
    """How an alias got the version that it has; None where its record doesn't tell."""
    found = versions_of(actual, project)
    if found.alias is None or found.current is None:
        return None
    return found.promotions.get(version_of(found.current))


def rolled_back_from(actual: ActualRegistry, project: str | None, version: str) -> str | None:
    """The run that rolled a stack's alias back from a version; None where none did."""
    alias = versions_of(actual, project).alias
    found = (p for p in promotions(alias) if p.version == version) if alias else ()
    return next((p.rolled_back_by for p in found), None)


def rollback_target(
    actual: ActualRegistry, project: str | None, to: str | None, *, finish: bool = False
) -> ActualStack:
    """The stack that an alias goes back to.

    Args:
        to: a version that was promoted before; None for the one before the current one.
        finish: a rollback that was interrupted has moved the alias: the same command goes where
            that went.

    Raises:
        UsageError: no such version was promoted and kept.
        RefusedError: it is current already.
    """
    found = versions_of(actual, project)
    name = alias_name(actual.environment, project)
    current = version_of(found.current) if found.current is not None else None
    if finish and found.current is not None and to in (None, current):
        return found.current
    if to is None:
        if not found.previous:
            raise UsageError(
                f"{name} has no earlier version to go back to",
                why="Only versions that were promoted before and are still registered count.",
                fix="See what there is",
                command=invocation.command("status", actual.environment),
            )
        return found.previous[0]
    if current == to:
        raise RefusedError(f"{name} has version {to} already", fix="Nothing is to be done.")
    kept = {version_of(stack): stack for stack in (*found.previous, *found.rolled_back)}
    if to not in kept:
        raise UsageError(
            f"{name} can't go back to version {to}",
            why="It isn't recorded as promoted, or isn't kept; kept are "
            f"{', '.join(kept) or 'none'}.",
            fix=f"{'Name one of them, or write' if kept else 'Write'} version {to} into the "
            "configuration, and bring the environment to it",
            command=invocation.command("up", actual.environment),
        )
    return kept[to]


def rollback_change(actual: ActualRegistry, target: ActualStack) -> RegistrationChange:
    """What a rollback writes: one alias, in one update."""
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
        *(deletion(Kind.STACK, name) for name in sorted(gone)),
        *(deletion(Kind.COMPONENT, name, kind) for kind, name in sorted(freed & ours)),
    )


def _excess(actual: ActualRegistry, project: str | None, keep: int) -> Iterator[ActualStack]:
    found = versions_of(actual, project)
    kept = keep - (1 if found.current is not None else 0)
    yield from found.previous[max(0, kept) :]


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
    """Three texts; five where it was rolled back from."""
    p = promotion
    entry = [p.version, p.at.isoformat(timespec="seconds"), p.run]
    if p.rolled_back_at is not None and p.rolled_back_by is not None:
        entry += [p.rolled_back_at.isoformat(timespec="seconds"), p.rolled_back_by]
    return entry
