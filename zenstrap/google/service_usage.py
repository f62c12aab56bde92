"""Service Usage: which APIs are enabled.

https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list
"""

from __future__ import annotations

from zenstrap.google.session import GoogleSession


def enabled_apis(session: GoogleSession) -> frozenset[str]:
    """The APIs that are enabled in the session's project, as NAME.googleapis.com.

    Raises:
        ApiDisabledError: Service Usage itself isn't enabled.
        AuthenticationError, GoogleError: it can't be asked.
    """
    found: set[str] = set()
    page = ""
    while True:
        params = {"filter": "state:ENABLED", "pageSize": "200"}
        reply = session.get(
            "serviceusage",
            f"v1/projects/{session.project}/services",
            {**params, "pageToken": page} if page else params,
            what="the enabled APIs can't be listed",
        )
        found |= {str(one["name"]).rpartition("/")[2] for one in reply.get("services", ())}
        page = str(reply.get("nextPageToken", ""))
        if not page:
            return frozenset(found)
