"""What may not change under a name that is registered already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zenstrap.errors import RefusedError
from zenstrap.naming import alias_name
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.labels import is_alias, version_of
from zenstrap.registry.model import (
    ML_PROJECT,
    VERSION,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)
from zenstrap.registry.versions import promotions


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
                where=key.replace(f".{VERSION}", ".flavor"),
                why="ZenML can't change a flavor in place.",
                fix=f"Bump {key} to {next_version(component.version)}, so that a new component "
                "is made.",
            )
    for connector in desired.connectors:
        there = actual.connectors.get(connector.name)
        if there is not None and (there.type, there.method) != (connector.type, connector.method):
            raise RefusedError(
                f"{connector.name} is registered as a connector of type {there.type} with method "
                f"{there.method}",
                where="auth.method",
                why="ZenML can't change that of a connector in use.",
                fix="Delete or rename that connector in ZenML.",
            )


def refuse_changed_versions(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    """Other content under a version that is, or once was, current.

    The link to a connector isn't content: moving from keys to keyless access takes no new
    versions. Labels aren't either. What is taken over from somebody else has no version yet. A
    candidate that never passed may be corrected: nobody has worked with it.

    Raises:
        RefusedError: says which version to bump to what, a line each.
    """
    bumps = [*_changed_components(desired, actual), *_changed_stacks(desired, actual)]
    if bumps:
        lines = [f"  {place} to {next_version(version)} ({name})" for name, place, version in bumps]
        one = len(bumps) == 1
        raise RefusedError(
            f"{bumps[0][0] if one else f'{len(bumps)} registrations'}: "
            f"{'that version is' if one else 'their versions are'} registered with other content",
            where=f"environment {desired.environment}",
            why="A version that was current stays as it is (protection.immutable_versions)",
            fix="\n".join(("Raise the version:" if one else "Raise the versions:", *lines)),
        )


def next_version(version: str) -> str:
    """The version with its last number raised."""
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


Bump = tuple[str, str, str]  # a registration's name, the key of its version, the version


def _was_current(stack: ActualStack, actual: ActualRegistry) -> bool:
    """Whether somebody works with a stack, or could go back to it; somebody else's too."""
    if not actual.is_ours(stack.labels) or is_alias(stack):
        return True
    alias = actual.stacks.get(alias_name(actual.environment, stack.labels.get(ML_PROJECT)))
    if alias is None:
        return False
    promoted = {promotion.version for promotion in promotions(alias)}
    return version_of(stack) in {*promoted, version_of(alias)}


def _changed_components(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    relied_on = {
        (type_, name)
        for stack in actual.stacks.values()
        if _was_current(stack, actual)
        for type_, names in stack.components.items()
        for name in names
    }
    for component in desired.components:
        found = actual.components.get((component.type, component.name))
        if found is None or not actual.is_ours(found.labels):
            continue
        if (component.type, component.name) not in relied_on:
            continue
        if _differ_for_sure(found.configuration, component.configuration):
            yield component.name, _component_version_key(component), component.version


def _changed_stacks(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    for stack in desired.stacks:
        found = actual.stacks.get(stack.name)
        if found is None or not actual.is_ours(found.labels) or not _was_current(found, actual):
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
    return _place(f"components.{component.type}.{VERSION}", component.project)


def _stack_version_key(stack: DesiredStack) -> str:
    return _place(VERSION, stack.project)


def _place(key: str, project: str | None) -> str:
    return f"{key} in configs/ml_projects/{project}.yaml" if project else f"stack.{key}"
