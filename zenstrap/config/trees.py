"""Values with their file and line: built from YAML, looked up, and merged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import yaml

from zenstrap.config.names import short
from zenstrap.errors import ConfigProblem


@dataclass(frozen=True)
class Origin:
    """The place of a value in its file.

    Attributes:
        file: the file's path as the user would write it.
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
        keys: the place of each key, which may differ from its value's.
        doubtful: keys whose wrong values were replaced so that checking can go on; a rule's result
            for them is ignored.
    """

    origin: Origin
    entries: Mapping[str, Tree] = field(default_factory=dict)
    keys: Mapping[str, Origin] = field(default_factory=dict)
    doubtful: frozenset[str] = frozenset()

    def get(self, *path: str) -> Tree | None:
        """The value at a path of keys; None if there is none."""
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

# A path in pydantic's form: keys, and positions in lists.
Location = tuple[int | str, ...]


def plain(tree: Tree) -> Any:
    """The plain Python values, without origins."""
    if isinstance(tree, Table):
        return {key: plain(value) for key, value in tree.entries.items()}
    if isinstance(tree, Sequence):
        return [plain(item) for item in tree.items]
    return tree.value


def tree_of(value: Any, origin: Origin) -> Tree:
    """Plain values as a tree in which everything has the same origin."""
    if isinstance(value, dict):
        entries = {key: tree_of(inner, origin) for key, inner in value.items()}
        return Table(origin, entries, dict.fromkeys(entries, origin))
    if isinstance(value, list | tuple):
        return Sequence(origin, tuple(tree_of(inner, origin) for inner in value))
    return Scalar(origin, value)


def merged(base: Tree, over: Tree) -> Tree:
    """``over`` merged over ``base``: maps are merged, everything else (null too) is replaced.

    If ``over`` changes a component's flavor, only the version is kept of the base: the settings
    belong to the old flavor. Of a component of another kind nothing is kept.
    """
    if not (isinstance(base, Table) and isinstance(over, Table)):
        return over
    kept = base
    if _differ("kind", base, over):
        kept = base.without(*base.entries)
    elif _differ("flavor", base, over):
        kept = base.without(*(key for key in base.entries if key not in ("kind", "version")))
    entries = dict(kept.entries)
    for key, value in over.entries.items():
        entries[key] = merged(entries[key], value) if key in entries else value
    doubtful = over.doubtful | (kept.doubtful - over.entries.keys())
    return Table(over.origin, entries, {**base.keys, **over.keys}, doubtful)


def laid(*layers: Table) -> Table:
    """Each layer merged over the one before; see :func:`merged`."""
    tree = layers[0]
    for layer in layers[1:]:
        tree = cast(Table, merged(tree, layer))
    return tree


def _differ(key: str, base: Table, over: Table) -> bool:
    """Whether both maps have the key, with different values."""
    values = [table.entries.get(key) for table in (base, over)]
    written = [value.value for value in values if isinstance(value, Scalar)]
    return None not in written and len(set(map(str, written))) == 2


def at(location: Location, tree: Tree | None) -> Tree | None:
    """The value at a location; None if there is none."""
    for part in location:
        if isinstance(tree, Table):
            tree = tree.entries.get(str(part))
        elif isinstance(tree, Sequence) and isinstance(part, int) and part < len(tree.items):
            tree = tree.items[part]
        else:
            return None
    return tree


def is_doubtful(location: Location, tree: Table) -> bool:
    """Whether the value at a location, or one above it, was wrong and has been replaced."""
    current: object = tree
    for part in location:
        if not isinstance(current, Table):
            return False
        if part in current.doubtful:
            return True
        current = current.entries.get(str(part))
    return False


def origin_of(location: Location, tree: Tree, *, at_key: bool = False) -> Origin:
    """The place of a value, or of a missing one: the line of the deepest part that exists."""
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


# A configuration file has some hundred values; far more come from nested aliases.
_MOST_VALUES: Final = 10_000
_DEEPEST: Final = 50
_WHOLE: Final = "Write the character itself, or remove it"


class Builder:
    """Turns one file's node graph into a tree."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[ConfigProblem] = []
        self._open: list[yaml.Node] = []
        self._count = 0

    def document(self, node: yaml.Node) -> tuple[Table, list[ConfigProblem]]:
        root = Origin(self._file, None, "")
        if not isinstance(node, yaml.MappingNode):
            empty = isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
            problem = "is empty" if empty else "is not a map"
            return Table(root), [
                ConfigProblem(self._file, 1, "", problem, "Write key: value lines")
            ]
        try:
            tree = self._tree(node, root)
        except _TooMuch as error:
            return Table(root), [ConfigProblem(self._file, error.line, "", str(error))]
        return (tree if isinstance(tree, Table) else Table(root)), self._problems

    def _tree(self, node: yaml.Node, origin: Origin) -> Tree:
        self._count += 1
        line = node.start_mark.line + 1
        if node in self._open:
            raise _TooMuch("an alias refers to the value that it is part of", line)
        if self._count > _MOST_VALUES or len(self._open) > _DEEPEST:
            raise _TooMuch("has too many values, or is nested too deeply", line)
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._table(node, origin)
            if isinstance(node, yaml.SequenceNode):
                self._refuse_tag(node, origin)
                items = enumerate(node.value)
                return Sequence(
                    origin,
                    tuple(
                        self._tree(n, Origin(self._file, _line(n), f"{origin.key}[{i}]"))
                        for i, n in items
                    ),
                )
            return self._scalar(node, origin)
        finally:
            self._open.pop()

    def _table(self, node: yaml.MappingNode, origin: Origin) -> Table:
        self._refuse_tag(node, origin)
        entries: dict[str, Tree] = {}
        keys: dict[str, Origin] = {}
        inherited: list[Table] = []
        for key_node, value_node in node.value:
            entry = Origin(self._file, _line(key_node), origin.key)
            if key_node.tag.endswith(":merge"):
                inherited += self._inherited(value_node, entry)
                continue
            key = self._key(key_node, entry)
            if key is None:
                continue
            shown = short(key)
            key_origin = replace(entry, key=f"{origin.key}.{shown}" if origin.key else shown)
            if key in entries:
                self._problem(
                    key_origin,
                    f"is set twice; first in line {keys[key].line}",
                    "Keep one of them",
                )
                continue
            # An error in a map or list is reported at its key, one in a scalar at the value.
            scalar = isinstance(value_node, yaml.ScalarNode) and value_node.value != ""
            line = _line(value_node) if scalar else key_origin.line
            keys[key] = key_origin
            entries[key] = self._tree(value_node, replace(key_origin, line=line))
        for table in inherited:
            for key, value in table.entries.items():
                if key not in entries:
                    entries[key], keys[key] = value, table.keys[key]
        return Table(origin, entries, keys)

    def _inherited(self, node: yaml.Node, origin: Origin) -> list[Table]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        tables = [self._tree(part, origin) for part in parts]
        if all(isinstance(table, Table) for table in tables):
            return [table for table in tables if isinstance(table, Table)]
        self._problem(origin, "<< takes a map, or a list of maps", "Write <<: *NAME")
        return []

    def _key(self, node: yaml.Node, origin: Origin) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            text = str(node.value)
            if fault := _undisplayable(text):
                self._problem(origin, f"a key has {fault}", _WHOLE)
                return None
            if node.tag == "tag:yaml.org,2002:str":
                return text
            fix = f'Write "{text}" in quotes' if short(text) == text else "Write it in quotes"
            self._problem(origin, f"the key {short(text) or 'null'} is not text", fix)
            return None
        self._problem(
            origin, "a key is a map or a list", "Put text that begins with { or [ in quotes"
        )
        return None

    def _scalar(self, node: yaml.Node, origin: Origin) -> Scalar:
        text = str(node.value)
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        value: str | int | float | bool | None = text
        if fault := _undisplayable(text):
            self._problem(origin, f"has {fault}", _WHOLE)
            return Scalar(origin, "")
        try:
            if kind == "null":
                value = None
            elif kind == "bool":
                value = text.lower() == "true"
            elif kind == "int":
                value = int(text, 0 if text[:2] in ("0x", "0o") else 10)
            elif kind == "float":
                value = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
            elif kind not in ("str", "merge"):
                self._problem(
                    origin, f"tags such as {short(node.tag)} aren't supported", "Remove it"
                )
        except ValueError:
            self._problem(
                origin, f"{short(text)} is not a valid {kind}", "Write it in quotes, or correct it"
            )
        return Scalar(origin, value, text)

    def _refuse_tag(self, node: yaml.Node, origin: Origin) -> None:
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in (
            "map",
            "seq",
        ):
            self._problem(origin, f"tags such as {short(node.tag)} aren't supported", "Remove it")

    def _problem(self, origin: Origin, message: str, suggestion: str) -> None:
        problem = ConfigProblem(origin.file, origin.line, origin.key, message, suggestion)
        if problem not in self._problems:
            self._problems.append(problem)


class _TooMuch(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _undisplayable(text: str) -> str | None:
    """The character that can't be stored or shown, if any; an escape in quotes can produce one."""
    match = re.search("[\ud800-\udfff]", text)
    return f"\\u{ord(match[0]):x}, which is half a character" if match else None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
