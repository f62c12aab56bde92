"""What was changed in ZenML's registry behind zenstrap's back. Pure, and needs no configuration."""

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
    """Names of our registrations that are no longer what their labels say, each with how."""
    return (*_components(actual), *_stacks(actual))


def _components(actual: ActualRegistry) -> Iterator[str]:
    for component in sorted(actual.our_components, key=lambda one: one.name):
        found = component_hash(component.type, component.flavor, component.configuration)
        if component.labels.get(CONTENT_HASH) not in (None, found):
            yield f"component {component.name} has other settings"


def _stacks(actual: ActualRegistry) -> Iterator[str]:
    """An alias has the components of the version that it names; a stack's name tells its own.

    Unless that version was given other content, and the run that did it broke off before it could
    promote that: then the labels tell of two contents.
    """
    versions = {
        (stack.labels.get(ML_PROJECT), version_in(stack.name)): stack
        for stack in actual.our_stacks
        if not is_alias(stack)
    }
    for one in sorted(actual.our_stacks, key=lambda one: one.name):
        version = one.labels.get(VERSION)
        if not is_alias(one):
            if version != version_in(one.name):
                yield f"stack {one.name} is labelled version {version}"
            continue
        stack = versions.get((one.labels.get(ML_PROJECT), version))
        if stack is None:
            yield f"the stack of alias {one.name}, version {version}, is gone"
        elif _content(stack) == _content(one) and _parts(stack) != _parts(one):
            yield f"alias {one.name} has other components than its version {version}"


def _content(stack: ActualStack) -> str | None:
    return stack.labels.get(CONTENT_HASH)


def _parts(stack: ActualStack) -> dict[str, tuple[str, ...]]:
    return dict(stack.components)
