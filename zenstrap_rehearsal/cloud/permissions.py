"""The permissions that the double's services check, by role; storage has its own table."""

from __future__ import annotations

from typing import Final

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
