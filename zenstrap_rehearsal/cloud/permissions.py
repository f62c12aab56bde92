"""Who may do what: the roles' permissions, and the policies that give roles."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zenstrap_rehearsal.cloud.core import Cloud, Project

# The permissions that the double's services ask for, by role; storage has its own table.
# https://cloud.google.com/iam/docs/understanding-roles
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "roles/owner": ("*",),
    "roles/editor": ("*.get", "*.list", "*.create", "*.update", "*.delete", "*.enable"),
    "roles/viewer": ("*.get", "*.list"),
    "roles/browser": ("resourcemanager.projects.get",),
    "roles/artifactregistry.admin": ("artifactregistry.*",),
    "roles/cloudkms.admin": ("cloudkms.keyRings.*", "cloudkms.cryptoKeys.*"),
    "roles/iam.roleAdmin": ("iam.roles.*",),
    "roles/iam.serviceAccountAdmin": ("iam.serviceAccounts.*",),
    "roles/iam.serviceAccountCreator": ("iam.serviceAccounts.create", "iam.serviceAccounts.get"),
    "roles/iam.serviceAccountKeyAdmin": ("iam.serviceAccountKeys.*",),
    "roles/iam.serviceAccountTokenCreator": ("iam.serviceAccounts.getAccessToken",),
    "roles/iam.serviceAccountUser": ("iam.serviceAccounts.actAs",),
    "roles/iam.workloadIdentityPoolAdmin": (
        "iam.workloadIdentityPools.*",
        "iam.workloadIdentityPoolProviders.*",
    ),
    "roles/iam.workloadIdentityUser": ("iam.serviceAccounts.getAccessToken",),
    "roles/resourcemanager.projectIamAdmin": (
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    ),
    "roles/serviceusage.serviceUsageAdmin": ("serviceusage.services.*",),
    "roles/serviceusage.serviceUsageConsumer": ("serviceusage.services.get",),
    "roles/storage.admin": ("storage.*",),
}


def allowed(
    cloud: Cloud, principal: str, permission: str, resource: str, project: Project | None
) -> bool:
    """Whether a principal has a permission on a resource or on its project.

    Conditions aren't evaluated here: a binding with one counts.
    """
    from zenstrap_rehearsal.cloud.core import OWNER

    if cloud.faults.denied(permission):
        return False
    if principal == OWNER:
        return True
    where = [resource] + ([f"projects/{project.id}"] if project else [])
    return any(
        fnmatch.fnmatchcase(permission, granted)
        for role in _roles(cloud, principal, where)
        for granted in _permissions(cloud, role)
    )


def _roles(cloud: Cloud, principal: str, resources: list[str]) -> Iterator[str]:
    members = {principal, f"serviceAccount:{principal}", "allUsers", "allAuthenticatedUsers"}
    members |= cloud.memberships.get(principal, frozenset())
    for resource in resources:
        for binding in cloud.policies.get(resource, {}).get("bindings", []):
            if members.intersection(binding["members"]):
                yield binding["role"]


def _permissions(cloud: Cloud, role: str) -> tuple[str, ...]:
    if role in cloud.things:
        return tuple(cloud.things[role].get("includedPermissions", ()))
    return ROLES.get(role, ())
