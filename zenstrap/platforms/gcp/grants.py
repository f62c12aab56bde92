"""The policy for IAM grants in a plan: only those that ``terraform_modules`` creates. Pure.

These are allow-lists, because Google keeps adding roles and resource types. A change of the modules
that adds a grant must extend these lists, too; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from zenstrap.config import GoogleEnvironment
from zenstrap.flavors.google.cloud_run import CloudRun
from zenstrap.platforms.gcp.provider import CUSTOM_ROLE, gives_access
from zenstrap.terraform.settings import ResourceSettings

BUCKET_GRANT: Final = "google_storage_bucket_iam_member"
PROJECT_GRANT: Final = "google_project_iam_member"

# Granted on the whole project, because these services support no narrower scope.
PROJECT_ROLES: Final = frozenset(
    {
        "roles/aiplatform.user",
        "roles/cloudbuild.builds.editor",
        "roles/container.developer",
        "roles/run.developer",
    }
)
PUBLISHING_ROLE: Final = "roles/run.admin"
"""Can change who may call a service: only if a deployer has ``allow_unauthenticated``."""

WHOLE_BUCKET_ROLES: Final = frozenset({"roles/storage.bucketViewer"})
PATH_ROLES: Final = frozenset({"roles/storage.objectUser", "roles/storage.objectViewer"})
"""On a bucket, and only with a condition on a path."""

OUTSIDERS_ROLE: Final = "roles/iam.workloadIdentityUser"
# On a single resource, by the type of the grant.
ROLES_ON_ONE: Final[Mapping[str, frozenset[str]]] = {
    "google_artifact_registry_repository_iam_member": frozenset(
        {"roles/artifactregistry.reader", "roles/artifactregistry.writer"}
    ),
    "google_kms_crypto_key_iam_member": frozenset({"roles/cloudkms.cryptoKeyEncrypterDecrypter"}),
    "google_service_account_iam_member": frozenset(
        {"roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser", OUTSIDERS_ROLE}
    ),
}

CUSTOM_PERMISSIONS: Final = frozenset(
    {
        "compute.disks.create",
        "compute.disks.list",
        "compute.firewalls.create",
        "compute.firewalls.delete",
        "compute.firewalls.get",
        "compute.globalOperations.get",
        "compute.instances.create",
        "compute.instances.delete",
        "compute.instances.get",
        "compute.instances.list",
        "compute.instances.setLabels",
        "compute.instances.setMetadata",
        "compute.instances.setServiceAccount",
        "compute.instances.start",
        "compute.instances.stop",
        "compute.networks.get",
        "compute.networks.getEffectiveFirewalls",
        "compute.networks.list",
        "compute.projects.get",
        "compute.subnetworks.list",
        "compute.subnetworks.use",
        "compute.subnetworks.useExternalIp",
        "compute.zoneOperations.get",
        "iam.roles.get",
        "iam.serviceAccounts.get",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "secretmanager.secrets.create",
        "secretmanager.secrets.delete",
        "secretmanager.secrets.get",
        "secretmanager.versions.access",
        "secretmanager.versions.add",
        "secretmanager.versions.get",
        "serviceusage.services.list",
        "serviceusage.services.use",
    }
)

_OWN_ROLE: Final = re.compile(r"projects/[^/]+/roles/zenml_\w+_(skypilot|secret_creator)")
_OWN_CONDITIONAL_ROLE: Final = re.compile(r"projects/[^/]+/roles/zenml_\w+_secret_user")

# One path of one bucket, as artifact_path and image_builder write it. The whole expression must
# match, because `|| true` at its end would grant access to everything.
_OBJECT: Final = r'"projects/_/buckets/[^/"]+/objects/[^/"]+'
_PATH_TERM: Final = re.compile(
    rf'resource\.name == {_OBJECT}[^"]*"'
    rf'|resource\.name\.startsWith\({_OBJECT}/(?:[^"]*/)?"\)'
    r'|api\.getAttribute\("storage\.googleapis\.com/objectListPrefix", ""\)'
    r'\.startsWith\("[^/"]+/(?:[^"]*/)?"\)'
)

_EVERYBODY: Final = re.compile(r"allUsers|allAuthenticatedUsers|^public|^authenticatedRead")
_ACCOUNT: Final = "serviceAccount:"
# Not a whole pool: that would be every identity that the provider accepts.
_OUTSIDER: Final = re.compile(r"principal://.+/subject/.+|principalSet://.+/attribute\.[^/]+/.+")


def public_access(resource: ResourceSettings) -> str | None:
    """A grant to everybody, in any of Google's forms."""
    if not gives_access(resource.type):
        return None
    members = sorted({text for text in _strings(resource.values) if _EVERYBODY.search(text)})
    return f"grants access to {', '.join(members)}" if members else None


def broad_role(resource: ResourceSettings, config: GoogleEnvironment) -> str | None:
    """A role on a project or bucket that no module grants, or not under this condition."""
    role, conditions = resource.values.get("role"), _conditions(resource)
    if resource.type == CUSTOM_ROLE:
        return _permissions_beyond(resource.values.get("permissions"))
    if resource.type == PROJECT_GRANT:
        fits = isinstance(role, str) and (
            role in PROJECT_ROLES
            or _OWN_ROLE.fullmatch(role) is not None
            or (_OWN_CONDITIONAL_ROLE.fullmatch(role) is not None and bool(conditions))
            or (role == PUBLISHING_ROLE and _publishes(config))
        )
        return None if fits else f"grants {role} on the whole project"
    if resource.type == BUCKET_GRANT:
        fits = role in WHOLE_BUCKET_ROLES or (role in PATH_ROLES and _is_one_path(conditions))
        return None if fits else f"grants {role} on more than a path of the bucket"
    return None


def other_grant(resource: ResourceSettings) -> str | None:
    """A grant of a kind that the modules don't use."""
    if not gives_access(resource.type) or resource.type == CUSTOM_ROLE:
        return None
    if resource.type not in {BUCKET_GRANT, PROJECT_GRANT, *ROLES_ON_ONE}:
        return "grants access with a resource type that no module uses"
    role, member = resource.values.get("role"), resource.values.get("member")
    roles = ROLES_ON_ONE.get(resource.type)
    if roles is not None and role not in roles:
        return f"grants {role}"
    if not isinstance(member, str) or not _is_one(member, outsider=role == OUTSIDERS_ROLE):
        return f"grants access to {member}, which isn't a single service account or workload"
    return None


def _is_one(member: str, *, outsider: bool) -> bool:
    return bool(_OUTSIDER.fullmatch(member)) if outsider else member.startswith(_ACCOUNT)


def _publishes(config: GoogleEnvironment) -> bool:
    return any(
        isinstance(component, CloudRun) and component.allow_unauthenticated
        for _, components in config.component_sets()
        for component in components.present().values()
    )


def _permissions_beyond(permissions: JsonValue) -> str | None:
    if not isinstance(permissions, list):
        return "is a role whose permissions aren't known"
    beyond = sorted({str(permission) for permission in permissions} - CUSTOM_PERMISSIONS)
    return f"is a role with {', '.join(beyond)}" if beyond else None


def _conditions(resource: ResourceSettings) -> list[str]:
    """The expressions of a grant's conditions, without those that aren't known yet."""
    blocks = resource.values.get("condition")
    expressions = [block.get("expression") for block in _list(blocks) if isinstance(block, dict)]
    return [expression for expression in expressions if isinstance(expression, str)]


def _is_one_path(conditions: list[str]) -> bool:
    return bool(conditions) and all(
        _PATH_TERM.fullmatch(term) for text in conditions for term in text.split(" || ")
    )


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
