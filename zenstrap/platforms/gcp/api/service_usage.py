"""Service Usage: enabled APIs, and Google's service agents.

https://cloud.google.com/service-usage/docs/reference/rest
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from zenstrap.platforms.gcp.api.refusals import error_of, read_refusal
from zenstrap.platforms.gcp.api.session import GoogleSession, Pause
from zenstrap.platforms.gcp.errors import GoogleError

_AT_ONCE: Final = 20  # APIs; Google's own limit for one request

# Seconds between requests for an operation's status. Enabling an API takes some seconds; more than
# four minutes is an error.
_PAUSES: Final = (1, 2, 4, 8, *(15,) * 15)

# The HTTP status of each canonical code; a failed operation has only the latter.
# https://cloud.google.com/apis/design/errors#handling_errors
_STATUSES: Final = {
    3: 400,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    13: 500,
    14: 503,
    16: 401,
}


def enabled_apis(session: GoogleSession) -> frozenset[str]:
    """The APIs that are enabled in the session's project, as NAME.googleapis.com.

    Raises:
        ApiDisabledError: Service Usage itself isn't enabled.
        AuthenticationError, GoogleError: the request failed.
    """
    enabled: set[str] = set()
    page = ""
    while True:
        params = {"filter": "state:ENABLED", "pageSize": "200"}
        reply = session.get(
            "serviceusage",
            f"v1/projects/{session.project}/services",
            {**params, "pageToken": page} if page else params,
            what="the enabled APIs can't be listed",
        )
        enabled |= {str(s["name"]).rpartition("/")[2] for s in reply.get("services", ())}
        page = str(reply.get("nextPageToken", ""))
        if not page:
            return frozenset(enabled)


def enable(session: GoogleSession, apis: Collection[str], *, pause: Pause = time.sleep) -> None:
    """Enable the missing APIs in the session's project, and wait until they are enabled.

    Args:
        apis: as NAME.googleapis.com.
        pause: waits some seconds between two requests.

    Raises:
        AuthenticationError, GoogleError: it failed, or wasn't done in time.
    """
    missing = sorted(frozenset(apis) - enabled_apis(session)) if apis else []
    for start in range(0, len(missing), _AT_ONCE):
        some = missing[start : start + _AT_ONCE]
        what = f"{', '.join(some)} can't be enabled"
        begun = session.post(
            "serviceusage",
            f"v1/projects/{session.project}/services:batchEnable",
            {"serviceIds": some},
            what=what,
        )
        _wait(session, "v1", begun, what, pause)


def make_service_agent(
    session: GoogleSession, api: str, *, pause: Pause = time.sleep
) -> str | None:
    """Create a Google service's own account in the session's project.

    Google creates it automatically, but for some services only when they are first used. An
    existing one isn't changed. https://cloud.google.com/iam/docs/create-service-agents

    Args:
        api: the service's, enabled.
        pause: waits some seconds between two requests.

    Returns:
        Its e-mail address; None if Google doesn't return it.

    Raises:
        AuthenticationError, GoogleError: it failed, or wasn't done in time.
    """
    what = f"Google's service agent for {api} can't be created"
    begun = session.post(
        "serviceusage",
        f"v1beta1/projects/{session.project}/services/{api}:generateServiceIdentity",
        {},
        what=what,
    )
    agent = _wait(session, "v1beta1", begun, what, pause)
    return str(agent["email"]) if agent.get("email") else None


def _wait(
    session: GoogleSession, version: str, operation: Mapping[str, Any], what: str, pause: Pause
) -> Mapping[str, Any]:
    """The response of an operation when it is done.

    An operation that is done at once isn't requested again: its name isn't valid then.
    """
    for seconds in (*_PAUSES, None):
        if operation.get("done"):
            break
        if seconds is None:
            raise GoogleError(
                what,
                where=str(operation.get("name")),
                why=f"Google hasn't finished after {sum(_PAUSES)} s",
                fix="Run the same command again",
            )
        pause(seconds)
        operation = session.get("serviceusage", f"{version}/{operation['name']}", what=what)
    if failed := operation.get("error"):
        status = _STATUSES.get(int(failed.get("code", 0)), 500)
        refusal = read_refusal(status, json.dumps({"error": failed}))
        raise error_of(refusal, what, project=session.project)
    response: Mapping[str, Any] = operation.get("response") or {}
    return response
