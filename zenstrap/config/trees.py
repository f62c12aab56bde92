"""Values that remember where they stand in their file, and their merging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where a value stands.

    Attributes:
        file: the file as the user would name it.
        line: 1-based; None for a whole file.
        key: dotted path in that file.
    """

    file: str
    line: int | None
    key: str


@dataclass(frozen=True)
class Scalar:
    origin: Origin
    value: str | int | float | bool | None
    written: str = ""


@dataclass(frozen=True)
class Sequence:
    origin: Origin
    items: tuple[Tree, ...] = ()


@dataclass(frozen=True)
class Table:
    """A map.

    Attributes:
        entries: the values.
        keys: where each key stands, which is not always where its value does.
        doubtful: keys whose values are wrong and were replaced so that checking can go on; what
            a rule says about them is worth nothing.
    """

    origin: Origin
    entries: Mapping[str, Tree] = field(default_factory=dict)
    keys: Mapping[str, Origin] = field(default_factory=dict)
    doubtful: frozenset[str] = frozenset()

    def get(self, *path: str) -> Tree | None:
        """What stands at a path of keys; None if nothing does."""
        tree: Tree | None = self
        for key in path:
            if not isinstance(tree, Table):
                return None
            tree = tree.entries.get(key)
        return tree

    def table(self, *path: str) -> Table:
        """The map at a path of keys; an empty one if there is none."""
        tree = self.get(*path)
        return tree if isinstance(tree, Table) else Table(self.origin)

    def without(self, *names: str) -> Table:
        """The same map without some keys."""
        return replace(self, entries={k: v for k, v in self.entries.items() if k not in names})

    def having(self, name: str, tree: Tree) -> Table:
        """The same map with a value added or replaced."""
        return replace(
            self,
            entries={**self.entries, name: tree},
            keys={**self.keys, name: self.keys.get(name, tree.origin)},
        )


Tree = Scalar | Sequence | Table

# A path as pydantic gives it: keys, and positions in lists.
Location = tuple[int | str, ...]


def plain(tree: Tree) -> Any:
    """The values alone, as Python has them."""
    if isinstance(tree, Table):
        return {key: plain(value) for key, value in tree.entries.items()}
    if isinstance(tree, Sequence):
        return [plain(item) for item in tree.items]
    return tree.value


def tree_of(value: Any, origin: Origin) -> Tree:
    """Plain values as a tree that stands in one place."""
    if isinstance(value, dict):
        entries = {key: tree_of(inner, origin) for key, inner in value.items()}
        return Table(origin, entries, dict.fromkeys(entries, origin))
    if isinstance(value, list | tuple):
        return Sequence(origin, tuple(tree_of(inner, origin) for inner in value))
    return Scalar(origin, value)


def merged(base: Tree, over: Tree) -> Tree:
    """``over`` laid over ``base``: maps merge, everything else (null too) replaces.

    Where ``over`` gives a component another flavor, only the base's version stays: the settings
    of one flavor are not those of another.
    """
    if not (isinstance(base, Table) and isinstance(over, Table)):
        return over
    kept = base
    if _flavor(base) is not None and _flavor(over) not in (None, _flavor(base)):
        kept = base.without(*(key for key in base.entries if key != "version"))
    entries = dict(kept.entries)
    for key, value in over.entries.items():
        entries[key] = merged(entries[key], value) if key in entries else value
    doubtful = over.doubtful | (kept.doubtful - over.entries.keys())
    return Table(over.origin, entries, {**base.keys, **over.keys}, doubtful)


def _flavor(table: Table) -> object:
    flavor = table.entries.get("flavor")
    return flavor.value if isinstance(flavor, Scalar) else None


def at(location: Location, tree: Tree | None) -> Tree | None:
    """What stands there; None if nothing does."""
    for part in location:
        if isinstance(tree, Table):
            tree = tree.entries.get(str(part))
        elif isinstance(tree, Sequence) and isinstance(part, int) and part < len(tree.items):
            tree = tree.items[part]
        else:
            return None
    return tree


def origin_of(location: Location, tree: Tree, *, at_key: bool = False) -> Origin:
    """Where something stands, or should: the line is that of the deepest part that exists."""
    origin = tree.origin
    for depth, part in enumerate(location):
        if isinstance(tree, Table) and part in tree.entries:
            last = depth == len(location) - 1
            key_origin, tree = tree.keys[str(part)], tree.entries[str(part)]
            origin = key_origin if at_key and last else tree.origin
        elif isinstance(tree, Sequence) and isinstance(part, int) and part < len(tree.items):
            tree = tree.items[part]
            origin = tree.origin
        else:
            key = origin.key
            for missing in location[depth:]:
                key = f"{key}.{missing}" if key else str(missing)
            return replace(origin, key=key)
    return origin
