"""YAML files as trees.

Scalars are read by YAML 1.2's rules, as editors do: only true and false are truth values; yes,
no, on and off are text, and so are dates and 1:30.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from zenstrap import plain_files
from zenstrap.config.names import short
from zenstrap.config.pasted_secrets import problems_of_keys, problems_of_text
from zenstrap.config.trees import Origin, Scalar, Sequence, Table, Tree
from zenstrap.errors import ConfigProblem

# A file of this project has some hundred values; more is an alias that multiplies itself.
_MOST_VALUES: Final = 10_000
_DEEPEST: Final = 50
_MOST_BYTES: Final = 128 * 1024
_WHOLE: Final = "Write the character itself, or remove it"


def read(path: Path, shown_as: str) -> tuple[Table, list[ConfigProblem]]:
    """A file's tree, as far as it can be read, and what is wrong with it as YAML."""
    nothing = Table(Origin(shown_as, None, ""))
    try:
        text = plain_files.read(path, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return nothing, [
            ConfigProblem(shown_as, line, "", "is not UTF-8 text", "Save the file as UTF-8")
        ]
    except OSError as error:
        why = error.strerror or type(error).__name__
        return nothing, [
            ConfigProblem(shown_as, None, "", f"can't be read: {why[:1].lower()}{why[1:]}")
        ]
    return parse(text, shown_as)


def parse(text: str, shown_as: str) -> tuple[Table, list[ConfigProblem]]:
    """A text's tree, as far as it can be read, and what is wrong with it as YAML."""
    nothing = Table(Origin(shown_as, None, ""))
    # Nothing else is said about a file with secrets: another message might quote one.
    if secrets := problems_of_text(text, shown_as):
        return nothing, secrets
    try:
        loader = Yaml12Loader(text)
    except yaml.YAMLError as error:
        return nothing, [_broken(error, shown_as, text)]
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        return nothing, [_broken(error, shown_as, text)]
    except RecursionError:
        return nothing, [ConfigProblem(shown_as, None, "", "is nested too deeply")]
    finally:
        loader.dispose()
    if node is None:
        return nothing, [
            ConfigProblem(shown_as, None, "", "is empty", "Write at least one key: value line")
        ]
    try:
        secrets = problems_of_keys(node, shown_as)
    except RecursionError:
        return nothing, [ConfigProblem(shown_as, None, "", "is nested too deeply")]
    return (nothing, secrets) if secrets else _Builder(shown_as).document(node)


class Yaml12Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2 (core schema)."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012 - as PyYAML declares it


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    Yaml12Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})\Z"), list(_first)
    )


class _Builder:
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
            problem = "is empty" if empty else "is no map"
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
            here = Origin(self._file, _line(key_node), origin.key)
            if key_node.tag.endswith(":merge"):
                inherited += self._inherited(value_node, here)
                continue
            key = self._key(key_node, here)
            if key is None:
                continue
            shown = short(key)
            key_origin = replace(here, key=f"{origin.key}.{shown}" if origin.key else shown)
            if key in entries:
                self._problem(
                    key_origin,
                    f"stands twice; the first is in line {keys[key].line}",
                    "Keep one of them",
                )
                continue
            # A map or list is blamed at its key, a scalar where it stands.
            scalar = isinstance(value_node, yaml.ScalarNode) and value_node.value != ""
            line = _line(value_node) if scalar else key_origin.line
            keys[key] = key_origin
            entries[key] = self._tree(value_node, replace(key_origin, line=line))
        for table in inherited:
            for key, value in table.entries.items():
                if key not in entries:
                    entries[key], keys[key] = value, table.keys[key]
        return Table(origin, entries, keys)

    def _inherited(self, node: yaml.Node, here: Origin) -> list[Table]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        tables = [self._tree(part, here) for part in parts]
        if all(isinstance(table, Table) for table in tables):
            return [table for table in tables if isinstance(table, Table)]
        self._problem(here, "<< takes a map, or a list of maps", "Write <<: *NAME")
        return []

    def _key(self, node: yaml.Node, here: Origin) -> str | None:
        if isinstance(node, yaml.ScalarNode):
            text = str(node.value)
            if fault := _undisplayable(text):
                self._problem(here, f"a key has {fault}", _WHOLE)
                return None
            if node.tag == "tag:yaml.org,2002:str":
                return text
            fix = f'Write "{text}" in quotes' if short(text) == text else "Write it in quotes"
            self._problem(here, f"the key {short(text) or 'null'} is no text", fix)
            return None
        self._problem(
            here, "a key is a map or a list", "Put text that begins with { or [ in quotes"
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
                    origin, f"tags such as {short(node.tag)} aren't understood", "Remove it"
                )
        except ValueError:
            self._problem(
                origin, f"{short(text)} is no {kind}", "Write it in quotes, or correct it"
            )
        return Scalar(origin, value, text)

    def _refuse_tag(self, node: yaml.Node, origin: Origin) -> None:
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rpartition(":")[2] not in (
            "map",
            "seq",
        ):
            self._problem(origin, f"tags such as {short(node.tag)} aren't understood", "Remove it")

    def _problem(self, origin: Origin, message: str, suggestion: str) -> None:
        problem = ConfigProblem(origin.file, origin.line, origin.key, message, suggestion)
        if problem not in self._problems:
            self._problems.append(problem)


class _TooMuch(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _undisplayable(text: str) -> str | None:
    """What makes a text one that no file or screen takes; an escape in quotes can write it."""
    found = re.search("[\ud800-\udfff]", text)
    return f"\\u{ord(found[0]):x}, which is half a character" if found else None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _broken(error: yaml.YAMLError, shown_as: str, text: str) -> ConfigProblem:
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        line = text.count("\n", 0, position) + 1
        return ConfigProblem(shown_as, line, "", "has a character that YAML doesn't allow")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "can't be understood")
    problem = re.sub(r"'\S{2,}'", "one", problem)  # an alias is no secret, unless somebody's is
    at_line: int | None = mark.line + 1 if mark is not None else None
    lines = text.splitlines()
    at = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "'\\t'" in problem or at.lstrip(" ").startswith("\t"):
        return ConfigProblem(
            shown_as, at_line, "", "is no YAML: a tab stands here", "Indent with spaces"
        )
    if "expected a single document" in str(getattr(error, "context", "")):
        return ConfigProblem(
            shown_as, at_line, "", "holds more than one document", "Remove the --- line"
        )
    opened = getattr(error, "context_mark", None)
    if opened is not None and at_line is not None and opened.line + 1 < at_line:
        problem += f"; what it belongs to begins in line {opened.line + 1}"
    return ConfigProblem(
        shown_as,
        at_line,
        "",
        f"is no YAML: {problem}",
        "Look at this line and the one above it: indentation, quotes, a missing colon or bracket",
    )
