"""The APIs that an environment needs in its project, and the permissions that Terraform needs.

The APIs are those that ``terraform_modules`` enables; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.google import google_flavor
from zenstrap.flavors.google.base import GoogleFlavor
from zenstrap.flavors.google.storage import REPOSITORY
from zenstrap.platforms.gcp.adoption import made_key_locations, makes_pool

# Terraform enables the others through these two.
FIRST_APIS: Final = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")

ALWAYS: Final = frozenset(
    {*FIRST_APIS, "iam.googleapis.com", "iamcredentials.googleapis.com", "storage.googleapis.com"}
)
KEYS_API: Final = "cloudkms.googleapis.com"
TOKENS_API: Final = "sts.googleapis.com"

_PERMISSIONS: Final = frozenset(
    {
        "iam.serviceAccounts.create",
        "iam.serviceAccounts.getIamPolicy",
        "iam.serviceAccounts.setIamPolicy",
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
        "serviceusage.services.enable",
        "serviceusage.services.list",
        "storage.buckets.create",
        "storage.buckets.get",
        "storage.buckets.getIamPolicy",
        "storage.buckets.setIamPolicy",
    }
)
_REGISTRY: Final = frozenset(
    {
        "artifactregistry.repositories.create",
        "artifactregistry.repositories.getIamPolicy",
        "artifactregistry.repositories.setIamPolicy",
    }
)
_POOL: Final = frozenset(
    {"iam.workloadIdentityPoolProviders.create", "iam.workloadIdentityPools.create"}
)
# For keys that Terraform creates. The user's own may be in another project, which isn't checked.
_KEYS: Final = frozenset(
    {
        "cloudkms.cryptoKeys.create",
        "cloudkms.cryptoKeys.getIamPolicy",
        "cloudkms.cryptoKeys.setIamPolicy",
        "cloudkms.keyRings.create",
    }
)


def flavors_in(config: GoogleEnvironment) -> Iterator[GoogleFlavor]:
    """The flavors of the environment's components that need something on Google Cloud."""
    for _, components in config.component_sets():
        for component in components.present().values():
            if flavor := google_flavor(component):
                yield flavor


def needed_apis(config: GoogleEnvironment) -> frozenset[str]:
    """The APIs that the environment's components use."""
    apis = set(ALWAYS)
    for flavor in flavors_in(config):
        apis |= flavor.apis
    if config.resilience.is_strict or config.gcp.kms_keys:
        apis.add(KEYS_API)
    if config.auth.method == "external-account":
        apis.add(TOKENS_API)
    return frozenset(apis)


def makes_service_account_keys(config: GoogleEnvironment) -> bool:
    """Whether Terraform creates service-account keys."""
    return config.auth.method == "service-account" and config.auth.key is None


def needed_permissions(config: GoogleEnvironment) -> frozenset[str]:
    """The permissions that Terraform's principal needs in the project, by kind of resource."""
    permissions = set(_PERMISSIONS)
    flavors = list(flavors_in(config))
    if REPOSITORY in flavors:
        permissions |= _REGISTRY
    if any(flavor.custom_roles for flavor in flavors):
        permissions.add("iam.roles.create")
    if makes_service_account_keys(config):
        permissions.add("iam.serviceAccountKeys.create")
    if makes_pool(config):
        permissions |= _POOL
    if made_key_locations(config):
        permissions |= _KEYS
    return frozenset(permissions)
