"""Drift: changes in ZenML's registry outside of zenstrap. Pure; needs no configuration."""

from __future__ import annotations

from collections.abc import Iterator

from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    VERSION,
    ActualRegistry,
    ActualStack,
    component_hash,
    is_alias,
    version_in,
)


def changed_outside(actual: ActualRegistry) -> tuple[str, ...]:
    """Our registrations whose content no longer matches their labels, one phrase each."""
    return (*_components(actual), *_stacks(actual))


def _components(actual: ActualRegistry) -> Iterator[str]:
    for component in sorted(actual.our_components, key=lambda c: c.name):
        content = component_hash(component.type, component.flavor, component.configuration)
        if component.labels.get(CONTENT_HASH) not in (None, content):
            yield f"component {component.name} has other settings"


def _stacks(actual: ActualRegistry) -> Iterator[str]:
    """An alias must have the components of its version, and a stack the version in its name.

    If a version's content was changed and the run ended before it was promoted, the content hashes
    of alias and stack differ: that isn't drift.
    """
    versions = {
        (stack.labels.get(ML_PROJECT), version_in(stack.name)): stack
        for stack in actual.our_stacks
        if not is_alias(stack)
    }
    for registered in sorted(actual.our_stacks, key=lambda stack: stack.name):
        version = registered.labels.get(VERSION)
        name = registered.name
        if not is_alias(registered):
            if version != version_in(name):
                yield f"stack {name} is labelled version {version}"
            continue
        stack = versions.get((registered.labels.get(ML_PROJECT), version))
        if stack is None:
            yield f"the stack of alias {name}, version {version}, was deleted"
        elif _content(stack) == _content(registered) and _parts(stack) != _parts(registered):
            yield f"alias {name} has other components than its version {version}"


def _content(stack: ActualStack) -> str | None:
    return stack.labels.get(CONTENT_HASH)


def _parts(stack: ActualStack) -> dict[str, tuple[str, ...]]:
    return dict(stack.components)
