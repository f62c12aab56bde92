"""IAM policies: reading, validating and writing them, for all services."""

from __future__ import annotations

import copy
import re
from typing import Final

from zenstrap_rehearsal import iam
from zenstrap_rehearsal.cloud import service_agents
from zenstrap_rehearsal.cloud.core import JSON, Cloud
from zenstrap_rehearsal.errors import concurrent_change, invalid

_ROLE: Final = re.compile(
    r"roles/[A-Za-z0-9_.]+|(projects|organizations)/[^/]+/roles/[A-Za-z0-9_.]{3,64}"
)
_DEFAULT: Final = re.compile(r"(\d+)-compute@developer\.gserviceaccount\.com")
_ACCOUNT: Final = re.compile(r"([a-z0-9-]+)@([a-z0-9.-]+)\.iam\.gserviceaccount\.com")


def read(cloud: Cloud, resource: str) -> JSON:
    return cloud.policies.get(resource, {"version": 1, "etag": "ACAB"})


def write(cloud: Cloud, resource: str, policy: JSON, *, audit: bool = False) -> JSON:
    """Replace a resource's policy.

    Args:
        audit: replace the audit configs, too; otherwise they are kept.

    Raises:
        ApiError: the policy was changed since it was read, or is not valid.
    """
    etag = policy.get("etag")
    if etag and etag != read(cloud, resource)["etag"]:
        raise concurrent_change()
    bindings = [b for b in policy.get("bindings", []) if b.get("members")]
    for binding in bindings:
        check_binding(cloud, binding)
    version = 3 if any("condition" in b for b in bindings) else 1
    if version == 3 and policy.get("version") != 3:
        raise invalid("Conditional bindings need a policy of version 3.")
    audited = (policy if audit else read(cloud, resource)).get("auditConfigs")
    cloud.policies[resource] = {
        "version": version,
        "etag": cloud.etag(),
        "bindings": copy.deepcopy(bindings),
        **({"auditConfigs": copy.deepcopy(audited)} if audited else {}),
    }
    return cloud.policies[resource]


def check_binding(cloud: Cloud, binding: JSON) -> None:
    """Validate a binding on any resource, buckets included.

    Raises:
        ApiError: 400.
    """
    role = binding.get("role", "")
    if not _ROLE.fullmatch(role):
        raise invalid(f"Role ({role}) does not exist in the resource's hierarchy.")
    if role.startswith("projects/") and cloud.things.get(role, {"deleted": True}).get("deleted"):
        raise invalid(f"Role ({role}) does not exist in the resource's hierarchy.")
    if fault := iam.binding_fault(binding):
        raise invalid(fault)
    for member in binding.get("members", []):
        _check_exists(cloud, member)


def forget_account(cloud: Cloud, email: str, unique_id: str) -> None:
    """Mark an account as deleted in all policies, so that a new one with its name has no roles."""
    deleted, name = f"deleted:serviceAccount:{email}?uid={unique_id}", f"serviceAccount:{email}"
    for policy in cloud.policies.values():
        for binding in policy.get("bindings", []):
            binding["members"] = [deleted if m == name else m for m in binding["members"]]


def account_exists(cloud: Cloud, email: str) -> bool:
    """Whether a service account exists.

    The double knows the accounts in its own projects. All others are assumed to exist.
    """
    if match := _DEFAULT.fullmatch(email):
        owner = next((p for p in cloud.projects.values() if p.number == match.group(1)), None)
        return owner is None or f"projects/{owner.id}/serviceAccounts/{email}" in cloud.things
    match = _ACCOUNT.fullmatch(email)
    if not match:
        return True
    project = match.group(2)
    if project in cloud.projects:
        return f"projects/{project}/serviceAccounts/{email}" in cloud.things
    return not service_agents.is_missing(cloud, email)


def _check_exists(cloud: Cloud, member: str) -> None:
    if member.startswith("serviceAccount:"):
        email = member.removeprefix("serviceAccount:")
        if not (account_exists(cloud, email) and cloud.faults.knows(email)):
            raise invalid(f"Service account {email} does not exist.")
