"""Cloud Run as deployer."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.fields import Flag
from zenstrap.config.google_fields import Region
from zenstrap.config.section import Component
from zenstrap.errors import RegistryError
from zenstrap.flavors.base import Registered, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made


class CloudRun(Component):
    """Cloud Run as deployer."""

    kind: Literal["deployer"] = "deployer"
    flavor: Literal["gcp"] = Field(description="Cloud Run.")
    location: Region | None = Field(
        default=None, description="Region of the services; null: gcp.region."
    )
    allow_unauthenticated: Flag = Field(
        default=False, description="Whether anyone on the internet may call the services."
    )


def _registered(component: CloudRun, made: Made) -> Registered:
    workload = made.workload
    if workload.secret_name_prefix is None:
        raise RegistryError(
            "Terraform's output secret_name_prefix is null, and the stack has a deployer",
            why="The root module and zenstrap disagree about what it outputs.",
        )
    return Registered(
        set_only(
            project=made.project,
            location=made.location_of(component.location),
            service_account=workload.service_account,
            secret_name_prefix=workload.secret_name_prefix,
            allow_unauthenticated=component.allow_unauthenticated,
        )
    )


CLOUD_RUN: Final = GoogleFlavor(
    CloudRun,
    _registered,
    set_by_zenstrap={
        "project": "gcp.project_id",
        "location": "location",
        "service_account": None,
        "secret_name_prefix": None,
        "allow_unauthenticated": "allow_unauthenticated",
    },
    resource_type="gcp-generic",
    apis=frozenset({"run.googleapis.com", "secretmanager.googleapis.com"}),
    packages=("google.cloud.run_v2",),
    roles=("cloud_run", "secret_creator", "secret_user"),
    custom_roles=("secret_creator", "secret_user"),
    encrypted_by="run",
)
