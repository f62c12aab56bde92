"""Organisation Policy: constraints that the organisation enforces in the project.

https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies
"""

from __future__ import annotations

from typing import Final

from zenstrap.platforms.gcp.api.refusals import RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession

# The older one and its successor; new organisations begin with the second enforced.
# https://cloud.google.com/resource-manager/docs/secure-by-default-organizations
NO_KEYS: Final = (
    "iam.disableServiceAccountKeyCreation",
    "iam.managed.disableServiceAccountKeyCreation",
)


def enforced(session: GoogleSession, constraint: str) -> bool:
    """Whether a boolean constraint is enforced in the session's project.

    Raises:
        ApiDisabledError: the API isn't enabled.
        AuthenticationError, GoogleError: the request failed.
    """
    try:
        reply = session.get(
            "orgpolicy",
            f"v2/projects/{session.project}/policies/{constraint}:getEffectivePolicy",
            what="the organisation's policies can't be read",
        )
    except RefusedCallError as error:
        # The constraint doesn't exist in this project.
        if error.refusal.status == 404:
            return False
        raise
    rules = (reply.get("spec") or {}).get("rules") or ()
    return any(rule.get("enforce") is True for rule in rules)
