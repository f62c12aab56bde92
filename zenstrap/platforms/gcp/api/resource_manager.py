"""Cloud Resource Manager: the project, and what we may do in it.

https://cloud.google.com/resource-manager/reference/rest/v1/projects
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from zenstrap.platforms.gcp.api.refusals import NotAllowedError, RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError


@dataclass(frozen=True)
class Project:
    """A project that is active."""

    id: str
    number: int


def get_project(
    session: GoogleSession, project: str | None = None, *, key: str = "gcp.project_id"
) -> Project:
    """A project that is active.

    Args:
        project: its id; None for the session's.
        key: of the configuration, that names it.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: it doesn't exist, is being deleted, or we may not see it.
    """
    project = project or session.project
    what = f"the project {project} can't be read"
    try:
        found = session.get("cloudresourcemanager", f"v1/projects/{project}", what=what)
    except RefusedCallError as error:
        if isinstance(error, NotAllowedError) or error.refusal.status == 404:
            # Google doesn't tell the two apart, so that nobody can find out which ids there are.
            raise GoogleError(
                f"the project {project} does not exist, or you may not see it",
                where=key,
                why=f"Google says: {error.refusal.message.rstrip('.')}. You are {session.login}",
                fix=f"Correct {key} (`gcloud projects list` shows yours), or have an owner run",
                command=f"gcloud projects add-iam-policy-binding {project} "
                "--member=PRINCIPAL --role=roles/browser",
            ) from error
        raise
    state = str(found.get("lifecycleState", ""))
    if state != "ACTIVE":
        raise GoogleError(
            f"the project {project} is not active",
            where=key,
            why=f"Its state is {state or 'unknown'}",
            fix="Take it back",
            command=f"gcloud projects undelete {project}",
        )
    return Project(id=project, number=int(found["projectNumber"]))


def missing_permissions(session: GoogleSession, permissions: Collection[str]) -> frozenset[str]:
    """Which of the permissions we don't have in the session's project.

    Raises:
        AuthenticationError, GoogleError: it can't be asked.
    """
    found = session.post(
        "cloudresourcemanager",
        f"v1/projects/{session.project}:testIamPermissions",
        {"permissions": sorted(permissions)},
        what="your permissions in the project can't be asked for",
    )
    return frozenset(permissions) - frozenset(found.get("permissions", ()))
