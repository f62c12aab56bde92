"""The accounts as which Google's services use encryption keys: there before a key is granted.

In a new project an account of a Google service comes to be when the service is first used, and a
grant to one that isn't there is refused. The provider's stable version can't make it, so it is made
before the plan is applied. Cloud Storage's isn't among them: the module reads it, which makes it.

One that was asked for doesn't get its role in the project as one that Google makes unasked does,
and without it the service may not work: it is given too.
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

# The API of each service agent, by what stands before .iam.gserviceaccount.com.
# https://cloud.google.com/iam/docs/service-agents
_APIS: Final = {
    "gcp-sa-aiplatform": "aiplatform.googleapis.com",
    "gcp-sa-artifactregistry": "artifactregistry.googleapis.com",
    "serverless-robot-prod": "run.googleapis.com",
}

# The role that Google gives to each of them, by API. Same source.
_ROLES: Final = {
    "aiplatform.googleapis.com": "roles/aiplatform.serviceAgent",
    "artifactregistry.googleapis.com": "roles/artifactregistry.serviceAgent",
    "run.googleapis.com": "roles/run.serviceAgent",
}


@dataclass(frozen=True, order=True)
class ServiceAgent:
    """A Google service's own account in a project, and the API whose it is."""

    api: str
    email: str

    @property
    def role(self) -> str:
        """Its own role, which it has in the project."""
        return _ROLES[self.api]


def agents_needed(plan: Plan) -> tuple[ServiceAgent, ...]:
    """The service agents that get a key by what the plan makes, each once."""
    made = {one.address for one in plan.changes if one.action in ("create", "replace")}
    members = {
        str(one.values.get("member"))
        for one in plan.settings
        if one.type == _GRANT and one.address in made
    }
    return tuple(sorted(_agents(members)))


def service_agent_notices(plan: Plan) -> tuple[str, ...]:
    """What people should know before they approve the plan: it isn't among Terraform's changes."""
    agents = agents_needed(plan)
    if not agents:
        return ()
    roles = ", ".join(sorted({agent.role for agent in agents}))
    return (
        f"Google's service agents of {_names(agents)} are made where they are missing, and get "
        f"their own roles in the project ({roles}). Agents and roles stay when the environment "
        "goes.",
    )


def make_service_agents(access: GoogleAccess, plan: Plan, run: Run) -> None:
    """Make the service agents that the plan grants keys to, each with its role.

    Their APIs are part of the plan.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
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
            "Before their keys, Google's service agents are made and get their own roles: "
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
        found = _MEMBER.fullmatch(member)
        if found and found["place"] in _APIS:
            yield ServiceAgent(_APIS[found["place"]], found["email"])


def _names(agents: Iterable[ServiceAgent]) -> str:
    return ", ".join(sorted({agent.api.removesuffix(".googleapis.com") for agent in agents}))
