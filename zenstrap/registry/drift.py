"""What was changed in ZenML's registry behind zenstrap's back. Pure, and needs no configuration."""

from __future__ import annotations

from collections.abc import Iterator

from zenstrap.registry.labels import is_alias
from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    VERSION,
    ActualRegistry,
    component_hash,
)


def changed_outside(actual: ActualRegistry) -> tuple[str, ...]:
    """Names of our registrations that are no longer what their labels say, each with how."""
    return (*_components(actual), *_aliases(actual))


def _components(actual: ActualRegistry) -> Iterator[str]:
    for component in sorted(actual.our_components, key=lambda one: one.name):
        found = component_hash(component.type, component.flavor, component.configuration)
        if component.labels.get(CONTENT_HASH) not in (None, found):
            yield f"component {component.name} has other settings"


def _aliases(actual: ActualRegistry) -> Iterator[str]:
    """An alias has the components of the version that it names."""
    versions = {
        (stack.labels.get(ML_PROJECT), stack.labels.get(VERSION)): stack
        for stack in actual.our_stacks
        if not is_alias(stack)
    }
    for alias in sorted(actual.our_stacks, key=lambda one: one.name):
        if not is_alias(alias):
            continue
        version = alias.labels.get(VERSION)
        stack = versions.get((alias.labels.get(ML_PROJECT), version))
        if stack is None:
            yield f"the stack of alias {alias.name}, version {version}, is gone"
        elif dict(stack.components) != dict(alias.components):
            yield f"alias {alias.name} has other components than its version {version}"
