"""IAM as all services use it: members, bindings, and who has a permission."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from zenstrap_rehearsal.conditions import syntax_fault

JSON = dict[str, Any]

OWNER: Final = "owner"
"""The principal that may do everything."""

_EMAIL: Final = r"[^@\s:]+@[^@\s:]+\.[^@\s:]+"
_POOL: Final = (
    r"//iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]+"
)
_MEMBERS: Final = (
    "allUsers",
    "allAuthenticatedUsers",
    rf"(user|group|serviceAccount):{_EMAIL}",
    r"serviceAccount:[a-z0-9-]+\.svc\.id\.goog\[[^\]/]+/[^\]/]+\]",
    r"domain:[^@\s:]+\.[^@\s:]+",
    r"project(Owner|Editor|Viewer):[a-z0-9-]+",
    rf"principal:{_POOL}/subject/.+",
    rf"principalSet:{_POOL}/(group|attribute\.[a-z0-9_]+)/.+",
    rf"principalSet:{_POOL}/\*",
    r"deleted:(user|group|serviceAccount):.+\?uid=\d+",
)
_MEMBER: Final = re.compile("|".join(_MEMBERS))


def member_fault(member: str) -> str | None:
    """Why a member is malformed; None if it isn't."""
    if _MEMBER.fullmatch(member):
        return None
    kind, colon, _ = member.partition(":")
    if colon:
        return f"Invalid {kind} member ({member}): it is malformed."
    return (
        f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
    )


def condition_fault(binding: JSON) -> str | None:
    """What is malformed in a binding's condition, if it has one."""
    condition = binding.get("condition")
    if not condition:
        return None
    if not condition.get("title"):
        return "A condition needs a title."
    fault = syntax_fault(condition.get("expression", ""))
    return fault and f"Expression could not be compiled: {fault}"


def binding_fault(binding: JSON) -> str | None:
    """What is malformed in a binding; the service itself checks the role."""
    faults = [*map(member_fault, binding.get("members", ())), condition_fault(binding)]
    return next(filter(None, faults), None)


def granted(
    principal: str,
    permission: str,
    bindings: Iterable[JSON],
    *,
    memberships: Iterable[str],
    permissions_of: Callable[[str], Iterable[str]],
    holds: Callable[[JSON], bool] = lambda binding: True,
) -> bool:
    """Whether bindings grant a permission to a principal.

    Args:
        memberships: the sets that the principal belongs to, as members.
        permissions_of: a role's permissions, which may be patterns.
        holds: whether a binding's condition is met.
    """
    if principal == OWNER:
        return True
    members = {
        "allUsers",
        "allAuthenticatedUsers",
        f"serviceAccount:{principal}",
        f"user:{principal}",
        principal,
        *memberships,
    }
    return any(
        any(fnmatch.fnmatchcase(permission, p) for p in permissions_of(binding["role"]))
        and holds(binding)
        for binding in bindings
        if members.intersection(binding.get("members", ()))
    )
