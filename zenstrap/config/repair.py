"""Takes faults out of a tree in memory, so that one fault doesn't hide the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from zenstrap.config.lookup import annotation_at, example, field_at, fields_at, model_in, places_of
from zenstrap.config.spelling import nearest
from zenstrap.config.trees import Location, Origin, Sequence, Table, Tree, tree_of


def with_known_keys(
    tree: Table, model: type[BaseModel], at: Location = ()
) -> tuple[Table, list[tuple[Location, Origin]]]:
    """The tree with each unknown key put right or taken out; those keys, and where they stand.

    What is below a misspelt key is checked too.
    """
    annotation = annotation_at(at, model)
    if model_in(annotation) is None and not _is_map_of_sections(annotation):
        return tree, []
    unknown: list[tuple[Location, Origin]] = []
    entries: dict[str, Tree] = {}
    keys: dict[str, Origin] = {}
    for key, value in tree.entries.items():
        name: str | None = key
        if model_in(annotation) is not None and key not in fields_at(at, model):
            unknown.append(((*at, key), tree.keys[key]))
            name = _right_key(key, at, model)
            if name in tree.entries:
                name = None
        if name is None:
            continue
        if isinstance(value, Table):
            value, below = with_known_keys(value, model, (*at, name))
            unknown += below
        entries[name], keys[name] = value, tree.keys[key]
    return replace(tree, entries=entries, keys=keys), unknown


def without_faults(errors: list[ErrorDetails], model: type[BaseModel], tree: Table) -> Table:
    """The tree with an example in place of each wrong value, or without it; marked as doubtful."""
    # Last to first: taking an item out of a list moves those behind it.
    for error in reversed(errors):
        *above, key = place_of(error)
        if isinstance(key, int):
            tree = _changed(tree, above[:-1], _without_item(str(above[-1]), key))
        else:
            info = field_at((*above, key), model)
            instead = example(info) if info is not None else None
            tree = _changed(tree, above, _doubted(key, instead))
    return tree


def place_of(error: ErrorDetails) -> Location:
    """The path in the tree that an error is about."""
    return tuple(part for part in error["loc"] if part != "[key]")


def _right_key(key: str, at: Location, model: type[BaseModel]) -> str | None:
    return None if places_of(key, model) else nearest(key, list(fields_at(at, model)))


def _is_map_of_sections(annotation: object) -> bool:
    return get_origin(annotation) is dict and model_in(get_args(annotation)[1]) is not None


Change = Callable[[Table], Table]


def _without_item(key: str, position: int) -> Change:
    def change(table: Table) -> Table:
        items = table.entries[key]
        if not isinstance(items, Sequence):
            return table
        kept = tuple(item for i, item in enumerate(items.items) if i != position)
        return table.having(key, replace(items, items=kept))

    return change


def _doubted(key: str, instead: object) -> Change:
    def change(table: Table) -> Table:
        if instead is None:
            changed = table.without(key)
        else:
            origin = table.entries[key].origin if key in table.entries else table.origin
            changed = table.having(key, tree_of(instead, origin))
        return replace(changed, doubtful=table.doubtful | {key})

    return change


def _changed(tree: Table, location: list[int | str], change: Change) -> Table:
    if not location:
        return change(tree)
    key = str(location[0])
    child = tree.entries.get(key)
    if not isinstance(child, Table):
        return tree
    return replace(tree, entries={**tree.entries, key: _changed(child, location[1:], change)})
