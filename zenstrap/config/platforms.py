"""The platforms and what each adds to a configuration; :func:`register` adds a platform."""

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
    """What a platform adds. Its functions receive configurations of its own model.

    Attributes:
        model: a zenstrap.config.EnvironmentConfig with the platform's own sections.
        flavors: the flavors that it supports, in the order in which messages list them.
        rules: return the rule violations of a configuration.
        component_rules: return the rule violations of the components at a dotted path.
        warnings: settings that are allowed but risky elsewhere, one sentence each.
        without_effect: keys that are set but have no effect.
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
        names: dict[ComponentKind, tuple[str, ...]] = {}
        for flavor in self.flavors:
            names[flavor.kind] = (*names.get(flavor.kind, ()), flavor.name)
        return names

    @property
    def sections(self) -> tuple[str, ...]:
        """The top-level keys that only this platform has."""
        return tuple(name for name in self.model.__annotations__ if name != "platform")


PLATFORMS: Final[dict[str, PlatformConfig]] = {}
"""By the value of ``platform`` in a configuration."""


def register(name: str, platform: PlatformConfig) -> None:
    """Add a platform.

    Raises:
        ValueError: another platform has the same section, or another record of the same flavor.
    """
    for other, known in PLATFORMS.items():
        if other == name:
            continue
        if both := set(known.sections) & set(platform.sections):
            raise ValueError(f"platform {other} has a section {both.pop()} already")
        for flavor in platform.flavors:
            theirs = {(f.kind, f.name): f for f in known.flavors}
            if theirs.get((flavor.kind, flavor.name), flavor) is not flavor:
                raise ValueError(
                    f"platform {other} has a {flavor.kind} of flavor {flavor.name} already"
                )
    PLATFORMS[name] = platform


def flavors_of(kind: ComponentKind) -> tuple[Flavor, ...]:
    """The flavors of a kind on all platforms, without duplicates."""
    by_name = {
        flavor.name: flavor
        for platform in PLATFORMS.values()
        for flavor in platform.flavors
        if flavor.kind == kind
    }
    return tuple(by_name.values())


def flavor_of(component: Component) -> Flavor:
    """The record of a component's flavor."""
    return next(f for f in flavors_of(component.kind) if f.name == component.flavor)
