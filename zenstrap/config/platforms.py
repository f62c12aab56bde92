"""What each platform adds to a configuration; :func:`register` adds a platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel

from zenstrap.config.names import ComponentKind
from zenstrap.config.section import Component
from zenstrap.config.violations import Violations
from zenstrap.flavors.base import Flavor


def _nothing(config: Any) -> Iterator[Any]:
    return iter(())


@dataclass(frozen=True)
class PlatformConfig:
    """What a platform adds. Its functions are given configurations of its own model.

    Attributes:
        model: a zenstrap.config.EnvironmentConfig with the platform's own sections.
        flavors: the flavors that it has, in the order in which they are offered.
        rules: what a configuration breaks.
        component_rules: what the components at a dotted path break together.
        warnings: what is allowed and should not be copied elsewhere, one sentence each.
        without_effect: what somebody wrote, and isn't carried out.
    """

    model: type[BaseModel]
    flavors: tuple[Flavor, ...]
    rules: tuple[Callable[[Any], Violations], ...] = ()
    component_rules: tuple[Callable[[str, Any], Violations], ...] = ()
    warnings: Callable[[Any], Iterator[str]] = _nothing
    without_effect: Callable[[Any], Violations] = _nothing

    @cached_property
    def by_kind(self) -> dict[ComponentKind, tuple[str, ...]]:
        """The names of its flavors, by kind of component."""
        found: dict[ComponentKind, tuple[str, ...]] = {}
        for flavor in self.flavors:
            found[flavor.kind] = (*found.get(flavor.kind, ()), flavor.name)
        return found

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of its own."""
        return tuple(name for name in self.model.__annotations__ if name != "platform")


PLATFORMS: Final[dict[str, PlatformConfig]] = {}
"""By the name that a configuration has for it."""


def register(name: str, platform: PlatformConfig) -> None:
    """Add a platform.

    Raises:
        ValueError: another one has a section of that name, or another record of a flavor.
    """
    for other, known in PLATFORMS.items():
        if other == name:
            continue
        if both := set(known.sections) & set(platform.sections):
            raise ValueError(f"platform {other} has a section {both.pop()} already")
        for flavor in platform.flavors:
            same = {(one.kind, one.name): one for one in known.flavors}
            if same.get((flavor.kind, flavor.name), flavor) is not flavor:
                raise ValueError(
                    f"platform {other} has a {flavor.kind} of flavor {flavor.name} already"
                )
    PLATFORMS[name] = platform


def flavors_of(kind: ComponentKind) -> tuple[Flavor, ...]:
    """The flavors of a kind, of all platforms, each once."""
    found = {
        flavor.name: flavor
        for platform in PLATFORMS.values()
        for flavor in platform.flavors
        if flavor.kind == kind
    }
    return tuple(found.values())


def flavor_of(component: Component) -> Flavor:
    """The record of a component's flavor."""
    return next(one for one in flavors_of(component.kind) if one.name == component.flavor)
