"""Which resources of current stacks a plan destroys, before the new versions are tested.

Pure. Terraform's input covers the configured version only. So if that version drops or replaces a
component, the same apply destroys resources that the current version uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from zenstrap.platforms.base import Platform
from zenstrap.registry.diff import is_promoted
from zenstrap.registry.model import (
    ML_PROJECT,
    VERSION,
    ActualConnector,
    ActualRegistry,
    ActualStack,
    DesiredRegistry,
)
from zenstrap.registry.versions import versions_of
from zenstrap.reports import Loss
from zenstrap.terraform.plan import Plan, ResourceChange

_PROJECT: Final = re.compile(r'module\.ml_projects\["([^"]+)"\]')


def losses(
    platform: Platform, infrastructure: Plan, desired: DesiredRegistry, actual: ActualRegistry
) -> tuple[Loss, ...]:
    """The resources to be destroyed or replaced that current stacks use, with those stacks."""
    current = {
        project: alias
        for project in _projects(actual)
        if (alias := versions_of(actual, project).alias) is not None
    }
    candidates = (
        Loss(
            address=change.address,
            action=change.action,
            under=tuple(
                f"{alias.name} {alias.labels.get(VERSION, '')}"
                for project, alias in current.items()
                if _concerns(change, project) and _uses(platform, change, alias, desired, actual)
            ),
        )
        for change in infrastructure.destructive
    )
    return tuple(loss for loss in candidates if loss.under)


def _projects(actual: ActualRegistry) -> list[str | None]:
    named = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    return [None, *sorted(named)]


def _concerns(change: ResourceChange, project: str | None) -> bool:
    """Whether a resource belongs to this project's stack (None: the base stack), or is shared."""
    own = _PROJECT.search(change.address)
    if own is not None:
        return own[1] == project
    return project is None or not change.address.startswith("module.stack.")


def _uses(
    platform: Platform,
    change: ResourceChange,
    alias: ActualStack,
    desired: DesiredRegistry,
    actual: ActualRegistry,
) -> bool:
    """Whether the current version of an alias uses a resource; if in doubt, True."""
    if change.action == "replace":
        return True
    needed = platform.is_needed(
        change,
        methods={connector.method for connector in _connectors(alias, actual)},
        components=_components(alias, actual),
    )
    if needed is not None:
        return needed
    wanted = next((stack for stack in desired.stacks if stack.alias == alias.name), None)
    # If the configured version is current already, the resource isn't part of it.
    return wanted is None or is_promoted(wanted, alias)


def _connectors(alias: ActualStack, actual: ActualRegistry) -> Iterator[ActualConnector]:
    for kind, names in alias.components.items():
        for name in names:
            component = actual.components.get((kind, name))
            if component is not None and component.connector in actual.connectors:
                yield actual.connectors[str(component.connector)]


def _components(alias: ActualStack, actual: ActualRegistry) -> set[tuple[str, str]]:
    """Kind and flavor of each component."""
    keys = ((kind, name) for kind, names in alias.components.items() for name in names)
    return {(key[0], actual.components[key].flavor) for key in keys if key in actual.components}
