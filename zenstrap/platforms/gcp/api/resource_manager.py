"""Cloud Resource Manager: the project, and our permissions in it.

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
    """An active project."""

    id: str
    number: int


def get_project(
    session: GoogleSession, project: str | None = None, *, key: str = "gcp.project_id"
) -> Project:
    """Look up a project, which must be active.

    Args:
        project: its id; None for the session's.
        key: the configuration's key that names it.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: it doesn't exist, is being deleted, or can't be seen.
    """
    project = project or session.project
    what = f"the project {project} can't be read"
    try:
        found = session.get("cloudresourcemanager", f"v1/projects/{project}", what=what)
    except RefusedCallError as error:
        if isinstance(error, NotAllowedError) or error.refusal.status == 404:
            # Google doesn't distinguish the two, so that project ids can't be guessed.
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
            fix="Restore it",
            command=f"gcloud projects undelete {project}",
        )
    return Project(id=project, number=int(found["projectNumber"]))


def missing_permissions(session: GoogleSession, permissions: Collection[str]) -> frozenset[str]:
    """Which of the permissions we don't have in the session's project.

    Raises:
        AuthenticationError, GoogleError: the request failed.
    """
    reply = session.post(
        "cloudresourcemanager",
        f"v1/projects/{session.project}:testIamPermissions",
        {"permissions": sorted(permissions)},
        what="your permissions in the project can't be checked",
    )
    return frozenset(permissions) - frozenset(reply.get("permissions", ()))
