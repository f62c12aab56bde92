"""Takes faults out of a tree in memory, so that one fault doesn't hide the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from zenstrap.config.lookup import choices, example, field_at, fields_at, places_of
from zenstrap.config.spelling import nearest
from zenstrap.config.trees import Location, Scalar, Sequence, Table, Tree, at, origin_of


def repaired(error: ErrorDetails, model: type[BaseModel], tree: Table) -> Table:
    """The tree with a fault taken out, so that the rest can still be checked.

    A misspelt key is put right; anything else is replaced by something valid, or removed, and
    marked as doubtful. Several errors of one round are repaired last to first: taking an item out
    of a list moves those behind it.
    """
    location = tuple(part for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return _changed(tree, location[:-1], lambda parent: _right_key(parent, location, model))
    if isinstance(location[-1], int):
        return _without_item(location, tree)
    return _repaired_at(location, model, tree)


def _right_key(table: Table, location: Location, model: type[BaseModel]) -> Table:
    key = str(location[-1])
    near = None
    if not places_of(key, model):
        near = nearest(key, list(fields_at(location[:-1], model)))
    if near is None or near in table.entries:
        return table.without(key)
    return replace(
        table,
        entries={near if k == key else k: v for k, v in table.entries.items()},
        keys={near if k == key else k: v for k, v in table.keys.items()},
    )


def _without_item(location: Location, tree: Table) -> Table:
    key, position = str(location[-2]), location[-1]

    def drop(table: Table) -> Table:
        items = table.entries[key]
        if not isinstance(items, Sequence):
            return table
        kept = tuple(item for i, item in enumerate(items.items) if i != position)
        return table.having(key, replace(items, items=kept))

    return _changed(tree, location[:-2], drop)


def _repaired_at(location: Location, model: type[BaseModel], tree: Table) -> Table:
    key = str(location[-1])
    info = field_at(location, model)
    instead = _instead(at(location, tree), info) if info is not None else None

    def repair(table: Table) -> Table:
        doubtful = table.doubtful | {key}
        if instead is None:
            return replace(table.without(key), doubtful=doubtful)
        origin = origin_of((key,), table)
        return replace(table.having(key, Scalar(origin, instead)), doubtful=doubtful)

    return _changed(tree, location[:-1], repair)


def _changed(tree: Table, location: Location, change: Callable[[Table], Table]) -> Table:
    if not location:
        return change(tree)
    child = tree.entries.get(str(location[0]))
    if not isinstance(child, Table):
        return tree
    key = str(location[0])
    return replace(tree, entries={**tree.entries, key: _changed(child, location[1:], change)})


def _instead(found: Tree | None, info: FieldInfo) -> str | None:
    options = [str(choice) for choice in choices(info.annotation)]
    word = found.value if isinstance(found, Scalar) else None
    near = nearest(word, options) if isinstance(word, str) else None
    return near or example(info)
