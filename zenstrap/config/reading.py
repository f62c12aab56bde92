"""Reads YAML files into trees, and refuses files that hold secrets.

Scalars are read by YAML 1.2's rules, as editors do: only true and false are booleans; yes, no, on
and off are text, and so are dates and 1:30. Messages give the line of a secret, never its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from zenstrap import plain_files
from zenstrap.config.trees import Builder, Origin, Table
from zenstrap.errors import ConfigProblem

_MOST_BYTES: Final = 128 * 1024


def read(path: Path, shown_as: str) -> tuple[Table, list[ConfigProblem]]:
    """A file's tree, as far as it can be read, and its YAML errors."""
    empty = Table(Origin(shown_as, None, ""))
    try:
        text = plain_files.read(path, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return empty, [
            ConfigProblem(shown_as, line, "", "is not UTF-8 text", "Save the file as UTF-8")
        ]
    except OSError as error:
        why = error.strerror or type(error).__name__
        return empty, [
            ConfigProblem(shown_as, None, "", f"can't be read: {why[:1].lower()}{why[1:]}")
        ]
    return parse(text, shown_as)


def parse(text: str, shown_as: str) -> tuple[Table, list[ConfigProblem]]:
    """A text's tree, as far as it can be read, and its YAML errors."""
    empty = Table(Origin(shown_as, None, ""))
    # For a file with secrets only the secrets are reported: other messages might quote one.
    if secrets := problems_of_text(text, shown_as):
        return empty, secrets
    try:
        node = _composed(text)
    except yaml.YAMLError as error:
        return empty, [_broken(error, shown_as, text)]
    except RecursionError:
        return empty, [ConfigProblem(shown_as, None, "", "is nested too deeply")]
    if node is None:
        return empty, [
            ConfigProblem(shown_as, None, "", "is empty", "Write at least one key: value line")
        ]
    try:
        secrets = problems_of_keys(node, shown_as)
    except RecursionError:
        return empty, [ConfigProblem(shown_as, None, "", "is nested too deeply")]
    return (empty, secrets) if secrets else Builder(shown_as).document(node)


def _composed(text: str) -> yaml.Node | None:
    loader = Yaml12Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


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


def _broken(error: yaml.YAMLError, shown_as: str, text: str) -> ConfigProblem:
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        line = text.count("\n", 0, position) + 1
        return ConfigProblem(shown_as, line, "", "has a character that YAML doesn't allow")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "can't be understood")
    problem = re.sub(r"'\S{2,}'", "one", problem)  # an alias's name might be a secret
    at_line: int | None = mark.line + 1 if mark is not None else None
    lines = text.splitlines()
    at = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "'\\t'" in problem or at.lstrip(" ").startswith("\t"):
        return ConfigProblem(
            shown_as, at_line, "", "is not valid YAML: indented with a tab", "Indent with spaces"
        )
    if "expected a single document" in str(getattr(error, "context", "")):
        return ConfigProblem(
            shown_as, at_line, "", "holds more than one document", "Remove the --- line"
        )
    opened = getattr(error, "context_mark", None)
    if opened is not None and at_line is not None and opened.line + 1 < at_line:
        problem += f"; the enclosing block begins in line {opened.line + 1}"
    return ConfigProblem(
        shown_as,
        at_line,
        "",
        f"is not valid YAML: {problem}",
        "Check this line and the one above it: indentation, quotes, a missing colon or bracket",
    )


_FIX: Final = "Remove it, revoke it, and write a reference instead: env:NAME or zenml:SECRET.KEY"

_SHAPES: Final = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY", "a private key"),
        (r"[\"']?private_key(_id)?[\"']?\s*:\s*\S", "a service-account key"),
        (r"[\"']?type[\"']?\s*:\s*[\"']?service_account\b", "a service-account key"),
        # A service-account key in base64: `{"type": "s`, `{\n  "type": "s` and `-----BEGIN `.
        (r"eyJ0eXBlIjo|eyAidHlwZSI6|ewogICJ0eXBlIjog|LS0tLS1CRUdJTi", "an encoded key"),
        (r"\bAIza[0-9A-Za-z_-]{30,}", "a Google API key"),
        (r"\bya29\.[0-9A-Za-z_-]{20,}", "a Google access token"),
        (r"\bGOCSPX-[0-9A-Za-z_-]{20,}", "a Google client secret"),
        (
            r"\b(ghp|gho|ghu|ghs|ghr)_[0-9A-Za-z]{30,}|\bgithub_pat_[0-9A-Za-z_]{30,}",
            "a GitHub token",
        ),
        (r"\bglpat-[0-9A-Za-z_-]{18,}", "a GitLab token"),
        (r"\b(AKIA|ASIA)[0-9A-Z]{16}\b", "an AWS access key"),
        (r"\bhf_[0-9A-Za-z]{30,}", "a Hugging Face token"),
        (r"\bxox[abprs]-[0-9A-Za-z-]{10,}", "a Slack token"),
        (r"\bZEN(KEY|PROKEY)_[0-9A-Za-z_=-]{16,}", "a ZenML API key"),
        # Bounded lengths, so that matching a long line stays fast: tokens are some 1,000 long.
        (r"\beyJ[0-9A-Za-z_-]{10,4000}\.eyJ[0-9A-Za-z_-]{10,4000}\.", "a token"),
        (r"://[^/\s:@'\"]+:[^/\s@'\"]+@", "a password in an address"),
    )
)

# `password: hunter2`, with any prefix before the word.
_NAMED: Final = re.compile(
    r"(?i)(?:^|[_-])(?:(password|passwd|passphrase|secret)|api_?key|token|credentials?|private_key)$"
)
# Keys that end in such a word but hold no secret.
_HARMLESS: Final = frozenset({"subject_token"})
# Harmless values: a reference, ZenML's own form of one, and words for null.
_NO_SECRET: Final = re.compile(r"(?i)(env:|zenml:)|\{\{[^{}]+\}\}$|(none|null|nil)?$")
_LABELS: Final = "labels"  # visible to every viewer of a resource; their keys are free


def problems_of_text(text: str, shown_as: str) -> list[ConfigProblem]:
    """A problem per line that looks like a secret. Comments count too: they are committed."""
    return [
        _problem(shown_as, number, what)
        for number, line in enumerate(text.splitlines(), start=1)
        for what in _shapes_in(line)
    ]


def problems_of_keys(root: yaml.Node, shown_as: str) -> list[ConfigProblem]:
    """A problem per value whose key is named like a secret."""
    return [_problem(shown_as, line, "a secret") for line in dict.fromkeys(_named_in(root, set()))]


def _named_in(node: yaml.Node, seen: set[int]) -> Iterator[int]:
    """The lines of secrets; each node is visited once, however many aliases refer to it."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _named_in(item, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if name == _LABELS:
                continue
            if (match := _NAMED.search(name)) and name not in _HARMLESS:
                values = value.value if isinstance(value, yaml.SequenceNode) else [value]
                if any(_is_secret(item, is_password=bool(match[1])) for item in values):
                    yield key.start_mark.line + 1
            yield from _named_in(value, seen)


def _is_secret(value: yaml.Node, *, is_password: bool) -> bool:
    if not isinstance(value, yaml.ScalarNode):
        return False
    kind = value.tag.rpartition(":")[2]
    if kind in ("int", "float"):  # max_token: 512
        return is_password
    return kind not in ("null", "bool") and not _NO_SECRET.match(value.value.strip())


def _shapes_in(line: str) -> Iterator[str]:
    for pattern, what in _SHAPES:
        if pattern.search(line):
            yield what
            return


def _problem(shown_as: str, line: int, what: str) -> ConfigProblem:
    return ConfigProblem(
        shown_as,
        line,
        "",
        f"seems to hold {what}; secrets are not allowed in a configuration",
        _FIX,
    )
