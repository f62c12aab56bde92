"""The shipped environments of Google Cloud as a test sees them: one at a time, on the double."""

from __future__ import annotations

from typing import Any

from tests.command_line import Ended
from zenstrap.config import EnvironmentConfig
from zenstrap.config.loading import load_environment
from zenstrap.events import Event
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.lifecycle.provisioning import provision
from zenstrap.platforms import platform_of
from zenstrap.reports import GateReport, PlanReport, TerraformOutputs
from zenstrap.running import Audience, Run
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.workspace import Workspace
from zenstrap_rehearsal import Rehearsal

SHIPPED = ("dev", "staging", "prod")
ML_PROJECTS = ("fraud_detection", "recommendation")


class Environment:
    """One environment's infrastructure, as the lifecycle's steps see it.

    Attributes:
        events: what the steps told.
    """

    def __init__(self, name: str) -> None:
        self.events: list[Event] = []
        self.run = Run(
            platform_of(load_environment(name)), "up", audience=Audience(emit=self.events.append)
        )

    def config(self) -> EnvironmentConfig:
        return load_environment(self.run.environment)

    def prepare(self) -> Workspace:
        self.run.platform = platform_of(self.config())
        place = self.run.place = self.run.platform.state_place(create=True)
        if (whose := place.owners.read()) is not None:
            self.run.past.owner = whose.id
        workspace = open_workspace(self.run)
        workspace.prepare()
        return workspace

    def plan(self, *, destroy: bool = False) -> tuple[Workspace, Plan]:
        workspace = self.prepare()
        given = self.run.platform.variables(workspace, self.run, destroy=destroy)
        return workspace, workspace.plan(given.values, destroy=destroy)

    def apply(self, plan: Plan) -> TerraformOutputs:
        """Have a plan approved, and carry it out as `up` does."""
        name, digest = self.run.environment, plan.digest
        shown = PlanReport(
            environment=name, direction="up", infrastructure=plan, registrations=(), digest=digest
        )
        gate = GateReport(environment=name, digest=digest, approved_by="Ada", how="terminal")
        return provision(shown, gate, self.run)

    def up(self) -> Plan:
        _, plan = self.plan()
        self.apply(plan)
        return plan


def runs_here(config: dict[str, Any]) -> None:
    """Pipelines run on this machine, everything else is Google's: nothing here is Vertex AI."""
    version = "3.0.0"
    components = config["stack"]["components"]
    config["stack"]["version"] = version
    config["stack"]["components"] = {
        "artifact_store": components["artifact_store"],
        "container_registry": components["container_registry"],
        "orchestrator": {"version": version, "flavor": "local"},
        "image_builder": None,
    }


def nothing_of_its_own(config: dict[str, Any]) -> None:
    """An ML project that runs wherever the base stack does."""
    config.pop("platforms", None)
    config.pop("environments", None)


def alive(cloud: Rehearsal) -> list[str]:
    """What there is beside buckets, isn't deleted, and isn't made by Google itself."""
    return [
        name
        for name, body in cloud.resources().items()
        if body.get("state") != "DELETED"
        and not body.get("deleted")
        and not name.endswith("@developer.gserviceaccount.com")
    ]


def told(ended: Ended) -> str:
    """What a failed command says of it: what, why and the way out."""
    failure = ended.json["failure"]
    return " ".join(failure.get(part, "") for part in ("what", "why", "fix", "command"))


def buckets(cloud: Rehearsal, project: str = "acme-ml-dev") -> set[str]:
    """The names of a project's buckets."""
    return {bucket.name for bucket in owner(cloud).list_buckets(project=project)}


def empty(bucket: Any) -> None:
    for blob in bucket.client.list_blobs(bucket.name, versions=True):
        blob.delete()


def owner(cloud: Rehearsal) -> Any:
    """A client of Cloud Storage who may do everything."""
    return storage(cloud, cloud.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"])


def storage(cloud: Rehearsal, token: str) -> Any:
    """A client of Cloud Storage as whoever the token is for."""
    from google.cloud.storage import Client
    from google.oauth2.credentials import Credentials

    endpoint = {"api_endpoint": cloud.storage.url}
    return Client(project="any", credentials=Credentials(token), client_options=endpoint)
