"""Finds secrets that somebody pasted into a config. Says where they are, never what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from zenstrap.errors import ConfigProblem

_FIX: Final = "Remove it, revoke it, and write a reference: env:NAME or zenml:SECRET.KEY"

_SHAPES: Final = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY", "a private key"),
        (r"[\"']?private_key(_id)?[\"']?\s*:\s*\S", "a service-account key"),
        (r"[\"']?type[\"']?\s*:\s*[\"']?service_account\b", "a service-account key"),
        # The same file in base64: `{"type": "s`, `{\n  "type": "s` and `-----BEGIN `.
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
        # Ends, so that a line of nothing but beginnings is no work: tokens are some 1,000 long.
        (r"\beyJ[0-9A-Za-z_-]{10,4000}\.eyJ[0-9A-Za-z_-]{10,4000}\.", "a token"),
        (r"://[^/\s:@'\"]+:[^/\s@'\"]+@", "a password in an address"),
    )
)

# `password: hunter2`, whatever stands before the word.
_NAMED: Final = re.compile(
    r"(?i)(?:^|[_-])(?:(password|passwd|passphrase|secret)|api_?key|token|credentials?|private_key)$"
)
# Keys that end in such a word and hold no secret.
_HARMLESS: Final = frozenset({"subject_token"})
# A reference, ZenML's own way to write one, and words for nothing.
_NO_SECRET: Final = re.compile(r"(?i)(env:|zenml:)|\{\{[^{}]+\}\}$|(none|null|nil)?$")
_LABELS: Final = "labels"  # anybody who may look at a resource sees them, and their keys are free


def problems_of_text(text: str, shown_as: str) -> list[ConfigProblem]:
    """A problem per line that looks like a secret. Comments count too: they are committed."""
    return [
        _problem(shown_as, number, what)
        for number, line in enumerate(text.splitlines(), start=1)
        for what in _shapes_in(line)
    ]


def problems_of_keys(root: yaml.Node, shown_as: str) -> list[ConfigProblem]:
    """A problem per value whose key says that it is a secret."""
    return [_problem(shown_as, line, "a secret") for line in dict.fromkeys(_named_in(root, set()))]


def _named_in(node: yaml.Node, seen: set[int]) -> Iterator[int]:
    """The lines; each node is looked at once, whatever refers to it."""
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
            if (found := _NAMED.search(name)) and name not in _HARMLESS:
                values = value.value if isinstance(value, yaml.SequenceNode) else [value]
                if any(_is_secret(one, is_password=bool(found[1])) for one in values):
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
        shown_as, line, "", f"seems to hold {what}; secrets never stand here", _FIX
    )
