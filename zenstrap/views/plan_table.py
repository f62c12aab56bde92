"""The plan table: all changes to infrastructure *and* registrations.

console_on(sys.stderr).print(PlanTable(plan))      on a terminal
plain_plan(plan)                                   for a log
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from zenstrap.views.terminal import PLAIN_WIDTH, joined, plain
from zenstrap.views.text import clean, shorten
from zenstrap.words import count, sentence

if TYPE_CHECKING:
    from zenstrap.registry.changes import FieldChange, RegistrationChange
    from zenstrap.reports import PlanReport
    from zenstrap.terraform.plan import AttributeChange, ResourceChange

MARKS = {
    "create": "+",
    "adopt": "~",
    "update": "~",
    "replace": "-/+",
    "destroy": "-",
    "delete": "-",
    "promote": ">",
    "mark": "~",
}
STYLES = {
    "create": "green",
    "adopt": "magenta",
    "update": "yellow",
    "replace": "magenta",
    "destroy": "red",
    "delete": "red",
    "promote": "cyan",
    "mark": "yellow",
}
_NOTHING = "(none)"
_CONTENT_HASH = "content_hash"  # only reports that something changed; the other fields show what
_MOST_ATTRIBUTES = 12  # per resource; the dashboard's plan shows all
_REASONS = {
    "replace_because_tainted": "its creation failed halfway",
    "replace_by_request": "by request",
    "replace_by_triggers": "what it depends on changes",
    "replace_because_cannot_update": "it can't be changed in place",
}
_TITLES = {"up": "", "down": ": take it down", "rollback": ": roll back"}
_DETAIL_INDENT = 15  # under the names


class PlanTable:
    """The plan as a rich renderable.

    Args:
        protected_types: resource types that the policy doesn't allow to be destroyed or replaced.
    """

    def __init__(self, plan: PlanReport, *, protected_types: Collection[str] = ()) -> None:
        self._plan = plan
        self._protected_types = frozenset(protected_types)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        plan, width = self._plan, options.max_width
        title = f"Plan for {clean(plan.environment)}{_TITLES[plan.direction]}"
        yield Text(title, style="bold", overflow="fold")
        if plan.refusal:
            yield from _head("Refused")
            yield _item(clean(sentence(plan.refusal)), style="bold red")
        if plan.losses:
            yield from _head("Destroyed under current stacks")
            for loss in plan.losses:
                yield _row(
                    loss.action, loss.action, clean(loss.address), clean(loss.who), "bold red"
                )
        infrastructure = plan.infrastructure
        if infrastructure.drift:
            yield from _head("Changed outside of Terraform")
            for change in infrastructure.drift:
                yield from self._drifted(change, width)
        if infrastructure.changes or infrastructure.changed_outputs:
            yield from _head("Infrastructure")
            for change in infrastructure.changes:
                yield from self._resource(change, width)
            if infrastructure.changed_outputs:
                names = ", ".join(map(clean, infrastructure.changed_outputs))
                yield _row("update", "outputs", names, style="")
        if plan.registrations:
            yield from _head("ZenML")
            for registration in plan.registrations:
                yield from _registration(registration, width)
        if plan.to_test:
            yield from _head("Smoke test before promotion")
            yield from (_item(clean(stack)) for stack in plan.to_test)
        if plan.kept:
            yield from _head("Kept")
            for kept in plan.kept:
                yield _item(clean(kept.name), f": {clean(kept.reason)}")
        if plan.notices:
            yield from _head("Warnings")
            yield from (_item(clean(notice), style="yellow") for notice in plan.notices)
        yield Text()
        yield Text(summary_line(plan), style="bold", overflow="fold")

    def _resource(self, change: ResourceChange, width: int) -> Iterator[RenderableType]:
        yield _row(change.action, change.action, clean(change.address), self._remarks(change))
        if change.action in ("update", "replace"):
            yield from _attributes(change.attributes, change.forced_by, width)

    def _remarks(self, change: ResourceChange) -> str:
        protected = ["protected"] if change.type in self._protected_types else []
        return ", ".join([*map(clean, remarks(change)), *protected])

    def _drifted(self, change: ResourceChange, width: int) -> Iterator[RenderableType]:
        verb = {"destroy": "deleted", "update": "changed"}.get(change.action, "changed")
        yield _row(change.action, verb, clean(change.address))
        if change.action == "update":
            yield from _attributes(change.attributes, (), width)


def plain_plan(
    plan: PlanReport, *, width: int = PLAIN_WIDTH, protected_types: Collection[str] = ()
) -> str:
    """The table as text without control sequences."""
    return plain(PlanTable(plan, protected_types=protected_types), width)


def summary_line(plan: PlanReport) -> str:
    """``Plan: 3 to create, 1 to update, 0 to destroy; 6 registrations to create.``"""
    if plan.is_empty:
        since = f" since {clean(plan.since)}" if plan.since else ""
        return f"Plan: nothing to change{since}."
    counts = plan.infrastructure.counts
    parts = [f"{counts.create} to create", f"{counts.update} to update"]
    if counts.replace:
        parts.append(f"{counts.replace} to replace")
    parts.append(f"{counts.destroy} to destroy")
    line = f"Plan: {', '.join(parts)}"
    registrations = Counter(str(change.action) for change in plan.registrations)
    if registrations:
        (first, number), *rest = sorted(registrations.items(), key=lambda item: _ORDER[item[0]])
        words = [f"{count(number, 'registration')} to {first}"]
        words += [f"{number} to {action}" for action, number in rest]
        line += f"; {', '.join(words)}"
    return f"{line}."


def remarks(change: ResourceChange) -> tuple[str, ...]:
    """Remarks on a change, beside its action; not cleaned yet."""
    if change.vanished:
        return ("is deleted already" if change.action == "destroy" else "was deleted outside",)
    if change.action == "replace" and not change.forced_by and change.reason:
        return (_REASONS.get(change.reason, change.reason),)
    return ()


_ORDER = {"create": 0, "adopt": 1, "update": 2, "mark": 3, "promote": 4, "delete": 5}


def _head(title: str) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, style="bold")


def _row(
    action: str, verb: str, name: str, remark: str = "", style: str | None = None
) -> RenderableType:
    style = STYLES[action] if style is None else style
    grid = Table.grid(padding=(0, 1, 0, 0), expand=False)
    grid.add_column(width=5, no_wrap=True, justify="right")
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    tail = [("  " + remark, "dim")] if remark else []
    grid.add_row(
        Text(MARKS[action], style=STYLES[action]),
        Text(verb, style=style),
        joined([(name, ""), *tail]),
    )
    return grid


def _item(text: str, after: str = "", style: str = "") -> RenderableType:
    return Padding(joined([(text, style), (after, "")]), (0, 0, 0, 2))


def _attributes(
    attributes: Sequence[AttributeChange], forced_by: Collection[str], width: int
) -> Iterator[RenderableType]:
    # Those that force a replacement first: they matter most.
    ordered = sorted(attributes, key=lambda attribute: attribute.path not in forced_by)
    for attribute in ordered[:_MOST_ATTRIBUTES]:
        path = attribute.path
        yield _value_change(path, attribute.before, attribute.after, width, path in forced_by)
    shown = {attribute.path for attribute in attributes}
    for path in forced_by:
        if path not in shown:
            yield _detail([(clean(path), ""), ("  forces replacement", "magenta")])
    if len(ordered) > _MOST_ATTRIBUTES:
        yield _detail([(f"and {len(ordered) - _MOST_ATTRIBUTES} more", "dim")])


def _value_change(
    path: str, before: str | None, after: str | None, width: int, forces: bool = False
) -> RenderableType:
    tail = "  forces replacement" if forces else ""
    room = width - _DETAIL_INDENT
    path = shorten(clean(path), max(12, room - 24))
    each = max(8, (room - len(path) - len(": ") - len(" → ") - len(tail)) // 2)
    old, new = (clean(_NOTHING if value is None else value) for value in (before, after))
    # A long value may use the room that a short one doesn't need.
    spare = max(0, each - min(len(old), len(new)))
    old, new = shorten(old, each + spare), shorten(new, each + spare)
    return _detail([(f"{path}: ", "dim"), (f"{old} → {new}", ""), (tail, "magenta")])


def _detail(parts: list[tuple[str, str]]) -> RenderableType:
    return Padding(joined(parts), (0, 0, 0, _DETAIL_INDENT))


def _registration(change: RegistrationChange, width: int) -> Iterator[RenderableType]:
    action, kind = str(change.action), str(change.kind)
    name = clean(change.name)
    if kind == "alias" and action in ("create", "promote"):
        version = change.version
        head = name if action == "promote" else f"alias {name}"
        arrow = f"{head} {_arrow(version)}" if version else head
        yield _row(action, action, arrow, clean(change.note))
        if action == "promote":
            yield from _fields([f for f in change.fields if not f.is_label], width)
        return
    yield _row(action, action, f"{kind} {name}")
    if change.note:
        yield _detail([(shorten(clean(change.note), 2 * (width - _DETAIL_INDENT)), "dim")])
    yield from _fields(change.told, width)


def _fields(fields: Sequence[FieldChange], width: int) -> Iterator[RenderableType]:
    readable = [f for f in fields if not (f.is_label and f.name == _CONTENT_HASH)]
    fields = readable or fields
    for change in fields[:_MOST_ATTRIBUTES]:
        yield _value_change(change.field, change.before, change.after, width)
    if len(fields) > _MOST_ATTRIBUTES:
        yield _detail([(f"and {len(fields) - _MOST_ATTRIBUTES} more", "dim")])


def _arrow(version: FieldChange) -> str:
    before = f"{clean(version.before)} " if version.before else ""
    return f"{before}→ {clean(version.after or _NOTHING)}"
