"""What a plan takes from under the versions that are current, before their successors are proven.

Pure. Terraform is given the needs of the configured version alone, so that a version that drops or
swaps a component destroys what the current one works with in the same apply that makes the new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from zenstrap.config.names import COMPONENT_KINDS
from zenstrap.platforms.gcp.connector_keys import KEY
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
_KIND: Final = re.compile(rf"module\.({'|'.join(COMPONENT_KINDS)})\[0\]")
_ROLE: Final = re.compile(r'google_project_iam_member\.roles\["([^"]+)"\]')

# What lets a connector of a method in, by where the modules make it.
_DOORS: Final = {
    "module.workload_identity[0].": "external-account",
    "google_service_account_iam_member.impersonator[": "impersonation",
}

# What needs the roles that the modules give on the project: a flavor, or a kind of component.
_FLAVORS_OF_ROLES: Final = {"vertex": "vertex", "kubernetes": "kubernetes", "skypilot": "vm_gcp"}
_KINDS_OF_ROLES: Final = {
    "cloud_build": "image_builder",
    "cloud_run": "deployer",
    "secret_creator": "deployer",
    "secret_user": "deployer",
}


def losses(
    infrastructure: Plan, desired: DesiredRegistry, actual: ActualRegistry
) -> tuple[Loss, ...]:
    """What would be destroyed or replaced, and which current stacks stand on it."""
    current = {
        project: alias
        for project in _projects(actual)
        if (alias := versions_of(actual, project).alias) is not None
    }
    found = (
        Loss(
            address=change.address,
            action=change.action,
            under=tuple(
                f"{alias.name} {alias.labels.get(VERSION, '')}"
                for project, alias in current.items()
                if _concerns(change, project) and _stands_on(change, alias, desired, actual)
            ),
        )
        for change in infrastructure.destructive
    )
    return tuple(loss for loss in found if loss.under)


def _projects(actual: ActualRegistry) -> list[str | None]:
    named = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    return [None, *sorted(named)]


def _concerns(change: ResourceChange, project: str | None) -> bool:
    """Whether a resource is this owner's, or shared by all."""
    own = _PROJECT.search(change.address)
    if own is not None:
        return own[1] == project
    return project is None or not change.address.startswith("module.stack.")


def _stands_on(
    change: ResourceChange, alias: ActualStack, desired: DesiredRegistry, actual: ActualRegistry
) -> bool:
    """Whether a current version needs it. In doubt it does."""
    if change.action == "replace":
        return True
    methods = {connector.method for connector in _connectors(alias, actual)}
    if change.type == KEY:
        return "service-account" in methods
    for place, method in _DOORS.items():
        if place in change.address:
            return method in methods
    module, role = _KIND.search(change.address), _ROLE.search(change.address)
    kind = module[1] if module else _KINDS_OF_ROLES.get(role[1]) if role else None
    flavor = _FLAVORS_OF_ROLES.get(role[1]) if role else None
    if kind is not None and kind not in alias.components:
        return False  # of a candidate that was given up
    if flavor is not None and flavor not in _flavors(alias, actual):
        return False
    wanted = next((stack for stack in desired.stacks if stack.alias == alias.name), None)
    # Where the configuration asks for what is current already, what it drops isn't needed.
    return wanted is None or is_promoted(wanted, alias)


def _connectors(alias: ActualStack, actual: ActualRegistry) -> Iterator[ActualConnector]:
    for kind, names in alias.components.items():
        for name in names:
            component = actual.components.get((kind, name))
            if component is not None and component.connector in actual.connectors:
                yield actual.connectors[str(component.connector)]


def _flavors(alias: ActualStack, actual: ActualRegistry) -> set[str]:
    keys = ((kind, name) for kind, names in alias.components.items() for name in names)
    return {actual.components[key].flavor for key in keys if key in actual.components}
