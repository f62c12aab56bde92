"""Google's service agents: which a plan needs, and that a strict environment comes up with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Home
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.errors import InterruptedRunError, ZenstrapError
from zenstrap.events import Event, Notice
from zenstrap.interrupt import Interrupt
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.lifecycle.planning import plan_up
from zenstrap.lifecycle.provisioning import provision
from zenstrap.platforms import platform_of
from zenstrap.platforms.gcp.platform import GoogleCloud
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.platforms.gcp.service_agents import (
    ServiceAgent,
    agents_needed,
    make_service_agents,
    service_agent_notices,
)
from zenstrap.reports import GateReport, PlanReport
from zenstrap.running import Audience, Run
from zenstrap.terraform.plan import Plan, parse_plan
from zenstrap_rehearsal import Rehearsal

if TYPE_CHECKING:
    from zenml.client import Client

GRANT = "google_kms_crypto_key_iam_member"
ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
PROD = "acme-ml-prod"

# https://cloud.google.com/iam/docs/service-agents: what each has, and whose it is.
OWN_ROLES = {
    "roles/aiplatform.serviceAgent": "gcp-sa-aiplatform",
    "roles/artifactregistry.serviceAgent": "gcp-sa-artifactregistry",
    "roles/run.serviceAgent": "serverless-robot-prod",
}


def grant(
    place: str,
    *actions: str,
    address: str = "",
    type: str = GRANT,
    member: str | None = None,
    unknown: bool = False,
) -> dict[str, Any]:
    account = f"serviceAccount:service-1234@{place}.iam.gserviceaccount.com"
    after = None if actions == ("delete",) else {"role": ROLE, "member": member or account}
    return {
        "address": address or f"{type}.{place}",
        "mode": "managed",
        "type": type,
        "change": {
            "actions": actions or ("create",),
            "before": after,
            "after": after,
            "after_unknown": {"member": True} if unknown else {},
            "before_sensitive": False,
            "after_sensitive": False,
        },
    }


def plan_of(*changes: dict[str, Any]) -> Plan:
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": list(changes),
    }
    return parse_plan(json.dumps(document), PROVIDER)


def test_a_service_agent_is_needed_once_for_all_its_keys() -> None:
    plan = plan_of(
        grant("gcp-sa-artifactregistry", address=f"{GRANT}.europe"),
        grant("gcp-sa-artifactregistry", address=f"{GRANT}.west"),
        grant("gcp-sa-aiplatform", "delete", "create"),
        grant("serverless-robot-prod", "create", "delete"),
    )
    emails = "service-1234@{}.iam.gserviceaccount.com"
    assert agents_needed(plan) == (
        ServiceAgent("aiplatform.googleapis.com", emails.format("gcp-sa-aiplatform")),
        ServiceAgent("artifactregistry.googleapis.com", emails.format("gcp-sa-artifactregistry")),
        ServiceAgent("run.googleapis.com", emails.format("serverless-robot-prod")),
    )


@pytest.mark.parametrize(
    "change",
    [
        grant("gcp-sa-artifactregistry", "no-op"),
        grant("gcp-sa-artifactregistry", "update"),
        grant("gcp-sa-artifactregistry", "delete"),
        grant("gcp-sa-artifactregistry", type="google_project_iam_member"),
        grant("gcp-sa-artifactregistry", unknown=True),
        grant("gs-project-accounts"),  # reading it makes it
        grant("", member=f"serviceAccount:zenml@{PROD}.iam.gserviceaccount.com"),
        grant("", member="user:ada@gcp-sa-artifactregistry.iam.gserviceaccount.com"),
    ],
)
def test_nothing_else_needs_one(change: dict[str, Any]) -> None:
    assert agents_needed(plan_of(change)) == ()
    assert service_agent_notices(plan_of(change)) == ()


def test_the_plan_tells_what_they_get() -> None:
    plan = plan_of(
        grant("gcp-sa-artifactregistry", address=f"{GRANT}.europe"),
        grant("gcp-sa-artifactregistry", address=f"{GRANT}.west"),
        grant("gcp-sa-aiplatform"),
        grant("serverless-robot-prod"),
    )
    (notice,) = service_agent_notices(plan)
    assert {agent.role for agent in agents_needed(plan)} == OWN_ROLES.keys()
    assert all(notice.count(role) == 1 for role in OWN_ROLES)


def test_where_no_key_is_granted_google_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT", "http://127.0.0.1:1/v1/")
    events: list[Event] = []
    platform = GoogleCloud(load_environment("prod"))
    run = Run(platform, "up", audience=Audience(emit=events.append))
    make_service_agents(platform.access, plan_of(grant("gs-project-accounts")), run)
    assert (vars(platform.access).keys() & {"login", "rest"}, events) == (set(), [])


@pytest.fixture
def cloud(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsal]:
    """A new project: none of the environment's APIs is enabled."""
    monkeypatch.setattr(Interrupt, "wait", lambda self, seconds: self.check())
    with Rehearsal(tmp_path / "cloud", project_id=PROD) as rehearsal:
        for name, value in rehearsal.environment().items():
            monkeypatch.setenv(name, value)
        yield rehearsal


def planned(config: EnvironmentConfig, run: Run) -> PlanReport:
    """The plan of the infrastructure alone."""
    run.place = run.platform.state_place(create=True)
    workspace = open_workspace(run)
    workspace.prepare()
    plan = workspace.plan(run.platform.variables(workspace, run).values)
    return PlanReport(
        environment=config.environment,
        direction="up",
        infrastructure=plan,
        registrations=(),
        digest=plan.digest,
    )


def approved(plan: PlanReport) -> GateReport:
    return GateReport(
        environment=plan.environment, digest=plan.digest, approved_by="Ada", how="terminal"
    )


def key_users(cloud: Rehearsal) -> set[str]:
    """Whose keys the double holds grants for, by what stands before .iam.gserviceaccount.com."""
    return {
        member.partition("@")[2].partition(".")[0]
        for name in cloud.resources()
        if "/cryptoKeys/" in name
        for binding in cloud.policy(name)
        for member in binding["members"]
    }


def own_roles(cloud: Rehearsal) -> dict[str, str]:
    """Who has a service agent's role in the project, by role."""
    return {
        binding["role"]: member.partition("@")[2].partition(".")[0]
        for binding in cloud.policy(f"projects/{PROD}")
        if binding["role"].endswith(".serviceAgent")
        for member in binding["members"]
    }


def test_who_approves_is_told(cloud: Rehearsal, client: Client) -> None:
    config = load_environment("prod")
    run = Run(platform_of(config), "plan")
    run.place = run.platform.state_place(create=True)
    plan = plan_up(client, run)
    notices = service_agent_notices(plan.infrastructure)
    assert notices and set(notices) <= set(plan.notices)


def test_a_new_project_comes_up_in_strict_mode(cloud: Rehearsal) -> None:
    config, events = load_environment("prod"), list[Event]()
    run = Run(platform_of(config), "up", audience=Audience(emit=events.append))
    plan = planned(config, run)
    assert config.resilience.compliance_mode == "strict"
    wanted = {agent.api for agent in agents_needed(plan.infrastructure)}
    assert {"aiplatform.googleapis.com", "artifactregistry.googleapis.com"} <= wanted

    # As it goes without: what can be made is, and the grants are refused.
    with pytest.raises(ZenstrapError) as caught:
        open_workspace(run).apply(plan.infrastructure.digest)
    assert "gcp-sa-artifactregistry" in str(caught.value)
    assert key_users(cloud) <= {"gs-project-accounts", "serverless-robot-prod"}
    assert own_roles(cloud) == {}

    rest = planned(config, run)
    needed = agents_needed(rest.infrastructure)
    # Google makes them, and it takes IAM a moment to know them.
    for agent in needed:
        cloud.faults.service_account_unknown_yet(agent.email)
    provision(rest, approved(rest), run)
    assert key_users(cloud) >= {
        "gcp-sa-aiplatform",
        "gcp-sa-artifactregistry",
        "gs-project-accounts",
    }
    given = {agent.role: OWN_ROLES[agent.role] for agent in needed}
    assert len(given) >= 2 and own_roles(cloud) == given
    # Terraform never had to try again.
    assert [one.level for one in events if isinstance(one, Notice)] == ["info"]
    assert planned(config, run).is_empty


def test_whoever_stops_before_is_obeyed(cloud: Rehearsal) -> None:
    config = load_environment("prod")
    run = Run(platform_of(config), "up")
    plan = planned(config, run)
    project = cloud.cloud.projects[PROD]
    apis = set(project.enabled)
    run.interrupt.request()
    with pytest.raises(InterruptedRunError):
        provision(plan, approved(plan), run)
    assert (project.agents, project.enabled) == (set(), apis)
    assert own_roles(cloud) == {}
