"""A bucket's IAM policy: validation, reading and writing.

https://cloud.google.com/storage/docs/json_api/v1/buckets/setIamPolicy
"""

from __future__ import annotations

import copy
import hashlib
from datetime import datetime
from typing import Final

from zenstrap_rehearsal.conditions import fault
from zenstrap_rehearsal.storage.access import ROLES
from zenstrap_rehearsal.storage.calls import JSON
from zenstrap_rehearsal.storage.refusals import Refusal, invalid, precondition_failed
from zenstrap_rehearsal.storage.surroundings import Surroundings

_PUBLIC: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
_NO_CONDITION: Final = ("roles/storage.legacy", "roles/owner", "roles/editor", "roles/viewer")


def initial_bindings(project: str, *, uniform_access: bool) -> list[JSON]:
    """The bindings of every new bucket.

    With uniform access from the start, only these grant a project's members access to its objects:
    https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable
    """
    editors, owners = f"projectEditor:{project}", f"projectOwner:{project}"
    viewers = f"projectViewer:{project}"
    bindings: list[JSON] = [
        {"role": "roles/storage.legacyBucketOwner", "members": [editors, owners]},
        {"role": "roles/storage.legacyBucketReader", "members": [viewers]},
    ]
    if uniform_access:
        bindings += [
            {"role": "roles/storage.legacyObjectOwner", "members": [editors, owners]},
            {"role": "roles/storage.legacyObjectReader", "members": [viewers]},
        ]
    return bindings


def as_read(bucket: str, bindings: list[JSON], etag: str, version: int) -> JSON:
    """A policy as returned to a client that requests a policy version.

    Clients that request version 1 see that there is a condition, but not which.
    """
    conditional = any("condition" in binding for binding in bindings)
    shown = copy.deepcopy(bindings)
    if conditional and version < 3:
        for binding in shown:
            if condition := binding.pop("condition", None):
                digest = hashlib.sha256(repr(sorted(condition.items())).encode()).hexdigest()[:20]
                binding["role"] += f"_withcond_{digest}"
    return {
        "kind": "storage#policy",
        "resourceId": f"projects/_/buckets/{bucket}",
        "version": 3 if conditional and version >= 3 else 1,
        "etag": etag,
        "bindings": shown,
    }


def checked(
    policy: JSON, etag: str, *, resource: JSON, surroundings: Surroundings, now: datetime
) -> list[JSON]:
    """The validated bindings of a new policy.

    Raises:
        Refusal: 400 for an invalid policy, 412 for a policy that was changed concurrently.
    """
    if policy.get("etag") and policy["etag"] != etag:
        raise precondition_failed()
    bindings = [b for b in policy.get("bindings", []) if b.get("members")]
    for binding in bindings:
        _check_binding(binding, resource, surroundings, now)
    if any("condition" in b for b in bindings) and policy.get("version") != 3:
        raise invalid(
            "Conditional bindings are only supported in policies of version 3 or higher. Set the "
            "policy's version to 3."
        )
    return copy.deepcopy(bindings)


def _check_binding(
    binding: JSON, resource: JSON, surroundings: Surroundings, now: datetime
) -> None:
    role = str(binding.get("role", ""))
    if role not in ROLES and surroundings.permissions_of(role) is None:
        raise invalid(f"Role {role} is not supported for this resource.")
    settings = resource["iamConfiguration"]
    if settings["publicAccessPrevention"] == "enforced" and _PUBLIC & set(binding["members"]):
        raise Refusal(
            412, "The member bindings allUsers and allAuthenticatedUsers are not allowed since "
            "public access prevention is enforced."
        )  # fmt: skip
    if reason := surroundings.binding_fault(binding):
        raise invalid(reason)
    if condition := binding.get("condition"):
        _check_condition(role, condition, resource, now)


def _check_condition(role: str, condition: JSON, resource: JSON, now: datetime) -> None:
    if role.startswith(_NO_CONDITION):
        raise invalid(f"Conditions are not supported on bindings of {role}.")
    if not resource["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"]:
        raise Refusal(
            412, "Conditional role bindings need uniform bucket-level access on the bucket."
        )
    if reason := fault(condition["expression"], now):
        raise invalid(f"The condition's expression can't be compiled: {reason}")
