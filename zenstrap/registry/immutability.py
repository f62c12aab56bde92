"""What may not change under a name that is registered already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zenstrap.errors import RefusedError
from zenstrap.registry.model import (
    UNKNOWN,
    VERSION,
    ActualRegistry,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)


def refuse_unchangeable(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    """What ZenML itself never changes in place: flavors, and a connector's kind and method.

    Raises:
        RefusedError: one of these would have to change.
    """
    for component in desired.components:
        found = actual.components.get((component.type, component.name))
        if found is not None and found.flavor != component.flavor:
            key = _component_version_key(component)
            raise RefusedError(
                f"{component.name} is registered with flavor {found.flavor}",
                where=key.removesuffix(VERSION) + "flavor",
                why="ZenML can't change a flavor in place.",
                fix=f"Bump {key} to {next_version(component.version)}, so that a new component "
                "is made.",
            )
    for connector in desired.connectors:
        there = actual.connectors.get(connector.name)
        if there is not None and (there.type, there.method) != ("gcp", connector.method):
            raise RefusedError(
                f"{connector.name} is registered as a connector of type {there.type} with method "
                f"{there.method}",
                where="auth.method",
                why="ZenML can't change that of a connector in use.",
                fix="Delete or rename that connector in ZenML.",
            )


def refuse_changed_versions(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    """Other content under a registered version.

    The link to a connector isn't content: moving from keys to keyless access takes no new
    versions. Labels aren't either. What is taken over from somebody else has no version yet.

    Raises:
        RefusedError: says which version to bump to what.
    """
    bumps = [*_changed_components(desired, actual), *_changed_stacks(desired, actual)]
    if bumps:
        names = ", ".join(name for name, _, _ in bumps)
        todo = ", ".join(f"{key} to {next_version(version)}" for _, key, version in bumps)
        raise RefusedError(
            f"{names}: that version is registered with other content",
            where=f"environment {desired.environment}",
            why="Versions are immutable here (protection.immutable_versions).",
            fix=f"Bump {todo}.",
        )


def next_version(version: str) -> str:
    """The version with its last number raised."""
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


Bump = tuple[str, str, str]  # a registration's name, the key of its version, the version


def _changed_components(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    for component in desired.components:
        found = actual.components.get((component.type, component.name))
        if found is None or not actual.is_ours(found.labels):
            continue
        if _differ_for_sure(found.configuration, component.configuration):
            yield component.name, _component_version_key(component), component.version


def _changed_stacks(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    for stack in desired.stacks:
        found = actual.stacks.get(stack.name)
        if found is None or not actual.is_ours(found.labels):
            continue
        wanted = {kind: (component.name,) for kind, component in stack.components.items()}
        if wanted != dict(found.components):
            yield stack.name, _stack_version_key(stack), stack.version


def _differ_for_sure(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether they differ in more than in what isn't known yet."""
    return any(
        before.get(key) != after.get(key) and UNKNOWN not in str(after.get(key))
        for key in {*before, *after}
    )


def _component_version_key(component: DesiredComponent) -> str:
    at = f"{_file_of(component.project)}" if component.project else "stack."
    return f"{at}components.{component.type}.{VERSION}"


def _stack_version_key(stack: DesiredStack) -> str:
    return f"{_file_of(stack.project)}{VERSION}" if stack.project else f"stack.{VERSION}"


def _file_of(project: str) -> str:
    return f"ml_projects/{project}.yaml: "
