"""What each platform adds to a configuration; :func:`register` adds a platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from zenstrap.config.names import ComponentKind


@dataclass(frozen=True)
class Violation:
    """A rule that isn't kept.

    Attributes:
        keys: dotted paths of the values that don't go together; the first is blamed.
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


def _nothing(config: Any) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True)
class PlatformConfig:
    """What a platform adds. Its functions are given configurations of its own model.

    Attributes:
        model: a zenstrap.config.EnvironmentConfig with the platform's own sections.
        flavors: the flavors that it has, by kind of component.
        rules: what a configuration breaks.
        component_rules: what the components at a dotted path break.
        warnings: what is allowed and should not be copied elsewhere, one sentence each.
        without_effect: what somebody wrote, and isn't carried out.
    """

    model: type[BaseModel]
    flavors: Mapping[ComponentKind, tuple[str, ...]]
    rules: tuple[Callable[[Any], Violations], ...] = ()
    component_rules: tuple[Callable[[str, Any], Violations], ...] = ()
    warnings: Callable[[Any], Iterator[str]] = _nothing
    without_effect: Callable[[Any], Violations] = _nothing

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of its own."""
        return tuple(name for name in self.model.__annotations__ if name != "platform")


PLATFORMS: Final[dict[str, PlatformConfig]] = {}
"""By the name that a configuration has for it."""


def register(name: str, platform: PlatformConfig) -> None:
    """Add a platform.

    Raises:
        ValueError: another one has a section of that name.
    """
    for other, known in PLATFORMS.items():
        if other != name and (both := set(known.sections) & set(platform.sections)):
            raise ValueError(f"platform {other} has a section {both.pop()} already")
    PLATFORMS[name] = platform
