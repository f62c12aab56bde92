"""IAM policies: reading and writing them as every service does, and what a policy may say."""

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
        audit: what is audited too; else that stays as it is.

    Raises:
        ApiError: the policy was changed since it was read, or says what none may say.
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
    """What IAM asks of a binding on anything, buckets included.

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
    """Policies keep a deleted account under another name, so that a new one of its name is new."""
    gone, name = f"deleted:serviceAccount:{email}?uid={unique_id}", f"serviceAccount:{email}"
    for policy in cloud.policies.values():
        for binding in policy.get("bindings", []):
            binding["members"] = [gone if m == name else m for m in binding["members"]]


def account_exists(cloud: Cloud, email: str) -> bool:
    """Whether there is such a service account, as far as the double can know.

    It knows the accounts in its own projects. Anybody else's is taken to exist.
    """
    if found := _DEFAULT.fullmatch(email):
        owner = next((p for p in cloud.projects.values() if p.number == found.group(1)), None)
        return owner is None or f"projects/{owner.id}/serviceAccounts/{email}" in cloud.things
    found = _ACCOUNT.fullmatch(email)
    if not found:
        return True
    place = found.group(2)
    if place in cloud.projects:
        return f"projects/{place}/serviceAccounts/{email}" in cloud.things
    return not service_agents.is_missing(cloud, email)


def _check_exists(cloud: Cloud, member: str) -> None:
    if member.startswith("serviceAccount:"):
        email = member.removeprefix("serviceAccount:")
        if not (account_exists(cloud, email) and cloud.faults.knows(email)):
            raise invalid(f"Service account {email} does not exist.")
