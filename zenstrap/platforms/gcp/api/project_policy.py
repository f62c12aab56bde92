"""Cloud Resource Manager: grants roles in the project in addition to the existing ones.

A policy is always written as a whole: its etag ensures that it hasn't changed since it was read,
and the update mask excludes audit logging. https://cloud.google.com/iam/docs/policies
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from zenstrap.platforms.gcp.api.refusals import Refusal, RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession, Pause
from zenstrap.platforms.gcp.errors import GoogleError

# Only this version of a policy returns and keeps conditions.
_VERSION: Final = 3
_WRITTEN: Final = "bindings,etag"

# Seconds before each new attempt. One of several writers always wins, so a few are enough.
_CHANGED: Final = (1.0, 2.0)
# An account that was just created can take a minute or more to be visible.
# https://cloud.google.com/iam/docs/service-accounts-create
_UNKNOWN: Final = (5.0, 10.0, 20.0, 40.0, 60.0)


def grant(session: GoogleSession, roles: Mapping[str, str], *, pause: Pause = time.sleep) -> None:
    """Grant roles in the session's project; the rest of its policy doesn't change.

    Nothing is written if all roles are granted already. If the policy is changed in between, it is
    read again.

    Args:
        roles: by member, as ``serviceAccount:EMAIL``.
        pause: waits some seconds before another attempt.

    Raises:
        AuthenticationError, GoogleError: the request failed.
    """
    what = f"roles in the project {session.project} can't be granted"
    changed, unknown = iter(_CHANGED), iter(_UNKNOWN)
    while True:
        policy = _read(session, what)
        bindings = with_roles(policy.get("bindings", ()), roles)
        if bindings is None:
            return
        try:
            _write(session, bindings, policy, what)
            return
        except RefusedCallError as error:
            pauses = _pauses(error.refusal, roles, changed, unknown)
            if pauses is None:
                raise
            seconds = next(pauses, None)
            if seconds is None:
                error.fix, error.command = "Run the same command again in a few minutes", None
                raise
        pause(seconds)


def with_roles(
    bindings: Iterable[Mapping[str, Any]], roles: Mapping[str, str]
) -> list[dict[str, Any]] | None:
    """A policy's bindings with the missing roles added; None if none is missing.

    Bindings with a condition don't grant the role in full, so they are ignored.
    """
    extended = [dict(binding) for binding in bindings]
    free: dict[str, dict[str, Any]] = {}  # by role, the first binding without a condition
    held: set[tuple[str, str]] = set()
    for binding in extended:
        if not binding.get("condition"):
            free.setdefault(binding["role"], binding)
            held |= {(member, binding["role"]) for member in binding.get("members", ())}
    missing = [
        (member, role) for member, role in sorted(roles.items()) if (member, role) not in held
    ]
    for member, role in missing:
        if role not in free:
            free[role] = {"role": role, "members": []}
            extended.append(free[role])
        free[role]["members"] = [*free[role].get("members", ()), member]
    return extended if missing else None


def _read(session: GoogleSession, what: str) -> dict[str, Any]:
    policy = session.post(
        "cloudresourcemanager",
        f"v1/projects/{session.project}:getIamPolicy",
        {"options": {"requestedPolicyVersion": _VERSION}},
        what=what,
    )
    if not policy.get("etag"):
        raise GoogleError(
            what,
            where=f"the policy of projects/{session.project}",
            why="It has no etag, so writing it could undo a concurrent change",
            fix="Check which service answers instead of Google: HTTPS_PROXY, or "
            "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
        )
    return policy


def _write(
    session: GoogleSession, bindings: list[dict[str, Any]], read: Mapping[str, Any], what: str
) -> None:
    """Safe to retry: after a successful write the etag is outdated."""
    policy = {"version": _VERSION, "etag": read["etag"], "bindings": bindings}
    session.post(
        "cloudresourcemanager",
        f"v1/projects/{session.project}:setIamPolicy",
        {"policy": policy, "updateMask": _WRITTEN},
        what=what,
    )


def _pauses(
    refusal: Refusal, roles: Mapping[str, str], changed: Iterator[float], unknown: Iterator[float]
) -> Iterator[float] | None:
    """The remaining pauses for a transient refusal; None for any other."""
    if refusal.status == 409:  # ABORTED: the etag was outdated
        return changed
    ours = (member.partition(":")[2] for member in roles)
    if refusal.status == 400 and any(
        f" {email} does not exist" in refusal.message for email in ours
    ):
        return unknown
    return None
