"""Violations of the rules between values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zenstrap.errors import ConfigProblem


@dataclass(frozen=True)
class Violation:
    """A violated rule.

    Attributes:
        keys: dotted paths of the values that contradict each other; the first is blamed.
        message: what is wrong and why.
        suggestion: the change to make.
    """

    keys: tuple[str, ...]
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        text = f"{self.keys[0]}: {self.message}"
        return f"{text} ({self.suggestion})" if self.suggestion else text


Violations = Iterator[Violation]

Placed = Callable[[Violation], ConfigProblem]
"""Finds the file and line that cause a violation."""


def unplaced(violation: Violation) -> ConfigProblem:
    """The problem without file and line: a pipeline has only the configuration itself."""
    key = violation.keys[0]
    return ConfigProblem("configuration", None, key, violation.message, violation.suggestion)
