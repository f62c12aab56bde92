"""Cloud Resource Manager: roles in the project, given beside those that are there.

https://cloud.google.com/iam/docs/policies: a policy is always written as a whole, so whoever writes
it says by its etag which one was read, and by the update mask that audit logging isn't meant.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from zenstrap.platforms.gcp.api.refusals import Refusal, RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession, Pause
from zenstrap.platforms.gcp.errors import GoogleError

# Conditions are only told, and only kept, in this version of a policy.
_VERSION: Final = 3
_WRITTEN: Final = "bindings,etag"

# Seconds before each new try. Of several writers one always wins, so a few tries are enough.
_CHANGED: Final = (1.0, 2.0)
# An account that was just made can take a minute or more to be known.
# https://cloud.google.com/iam/docs/service-accounts-create
_UNKNOWN: Final = (5.0, 10.0, 20.0, 40.0, 60.0)


def grant(session: GoogleSession, roles: Mapping[str, str], *, pause: Pause = time.sleep) -> None:
    """Give roles in the session's project; whatever else is in its policy stays as it is.

    Nothing is written where all of it is there. If somebody else changes the policy in between, it
    is read again.

    Args:
        roles: by member, as ``serviceAccount:EMAIL``.
        pause: waits some seconds before another try.

    Raises:
        AuthenticationError, GoogleError: it can't be done.
    """
    what = f"roles in the project {session.project} can't be given"
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
    """A policy's bindings and what is missing in them; None if nothing is.

    A role under a condition isn't the role, so it neither counts nor gets a member.
    """
    found = [dict(one) for one in bindings]
    free: dict[str, dict[str, Any]] = {}  # by role, the first without a condition
    held: set[tuple[str, str]] = set()
    for one in found:
        if not one.get("condition"):
            free.setdefault(one["role"], one)
            held |= {(member, one["role"]) for member in one.get("members", ())}
    missing = [
        (member, role) for member, role in sorted(roles.items()) if (member, role) not in held
    ]
    for member, role in missing:
        if role not in free:
            free[role] = {"role": role, "members": []}
            found.append(free[role])
        free[role]["members"] = [*free[role].get("members", ()), member]
    return found if missing else None


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
            why="It came without an etag, and writing it could undo what somebody else changes now",
            fix="Look at what answers in Google's place: HTTPS_PROXY, or "
            "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
        )
    return policy


def _write(
    session: GoogleSession, bindings: list[dict[str, Any]], read: Mapping[str, Any], what: str
) -> None:
    """Harmless when it is repeated: by then the etag is an old one."""
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
    """The pauses that are left for what may pass by itself; None for anything else."""
    if refusal.status == 409:  # ABORTED: the etag was an old one
        return changed
    ours = (member.partition(":")[2] for member in roles)
    if refusal.status == 400 and any(
        f" {email} does not exist" in refusal.message for email in ours
    ):
        return unknown
    return None
