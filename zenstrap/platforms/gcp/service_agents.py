"""Creates the service agents, the accounts with which Google's services use encryption keys.

In a new project Google creates a service agent when its service is first used, and refuses grants
to one that doesn't exist. The provider's stable version can't create it, so zenstrap does before it
applies the plan. Cloud Storage's agent isn't included: the module reads it, which creates it.

A service agent that was created on request doesn't get its role in the project automatically, and
its service may not work without it, so the role is granted, too.
https://cloud.google.com/iam/docs/create-service-agents
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from zenstrap.events import Notice
from zenstrap.platforms.base import Run
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.terraform.plan import Plan

_GRANT: Final = "google_kms_crypto_key_iam_member"
_MEMBER: Final = re.compile(
    r"serviceAccount:(?P<email>service-\d+@(?P<place>[a-z0-9-]+)\.iam\.gserviceaccount\.com)"
)

# The API of each service agent, by the part of its address before .iam.gserviceaccount.com.
# https://cloud.google.com/iam/docs/service-agents
_APIS: Final = {
    "gcp-sa-aiplatform": "aiplatform.googleapis.com",
    "gcp-sa-artifactregistry": "artifactregistry.googleapis.com",
    "serverless-robot-prod": "run.googleapis.com",
}

# The role that Google grants to each of them, by API. Same source.
_ROLES: Final = {
    "aiplatform.googleapis.com": "roles/aiplatform.serviceAgent",
    "artifactregistry.googleapis.com": "roles/artifactregistry.serviceAgent",
    "run.googleapis.com": "roles/run.serviceAgent",
}


@dataclass(frozen=True, order=True)
class ServiceAgent:
    """The account of a Google service in a project, and the service's API."""

    api: str
    email: str

    @property
    def role(self) -> str:
        """The role that it needs in the project."""
        return _ROLES[self.api]


def agents_needed(plan: Plan) -> tuple[ServiceAgent, ...]:
    """The service agents that get access to a key through the plan, without duplicates."""
    created = {c.address for c in plan.changes if c.action in ("create", "replace")}
    members = {
        str(settings.values.get("member"))
        for settings in plan.settings
        if settings.type == _GRANT and settings.address in created
    }
    return tuple(sorted(_agents(members)))


def service_agent_notices(plan: Plan) -> tuple[str, ...]:
    """Notices for the approval of a plan: Terraform's changes don't show the service agents."""
    agents = agents_needed(plan)
    if not agents:
        return ()
    roles = ", ".join(sorted({agent.role for agent in agents}))
    return (
        f"Google's service agents of {_names(agents)} are created if they are missing, and get "
        f"their own roles in the project ({roles}). Agents and roles are kept when the environment "
        "is taken down.",
    )


def make_service_agents(access: GoogleAccess, plan: Plan, run: Run) -> None:
    """Create the service agents that the plan grants keys to, each with its role.

    Their APIs are part of the plan.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
        InterruptedRunError: the user asked to stop.
    """
    agents = agents_needed(plan)
    if not agents:
        return
    from zenstrap.platforms.gcp.api.project_policy import grant
    from zenstrap.platforms.gcp.api.service_usage import enable, make_service_agent

    apis = sorted({agent.api for agent in agents})
    run.emit(
        Notice(
            "Before the keys are granted, Google's service agents are created with their roles: "
            f"{_names(agents)}."
        )
    )
    rest = access.rest
    enable(rest, apis, pause=run.wait)
    for api in apis:
        run.guard()
        make_service_agent(rest, api, pause=run.wait)
    run.guard()
    roles = {f"serviceAccount:{agent.email}": agent.role for agent in agents}
    grant(rest, roles, pause=run.wait)


def _agents(members: Iterable[str]) -> Iterable[ServiceAgent]:
    for member in members:
        match = _MEMBER.fullmatch(member)
        if match and match["place"] in _APIS:
            yield ServiceAgent(_APIS[match["place"]], match["email"])


def _names(agents: Iterable[ServiceAgent]) -> str:
    return ", ".join(sorted({agent.api.removesuffix(".googleapis.com") for agent in agents}))
