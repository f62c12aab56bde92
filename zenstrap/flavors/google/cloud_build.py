"""Cloud Build as image builder."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from zenstrap.config.fields import Count
from zenstrap.config.google_fields import BuildLocation
from zenstrap.config.section import Component
from zenstrap.flavors.base import Registered, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made


class CloudBuild(Component):
    """Cloud Build as image builder."""

    kind: Literal["image_builder"] = "image_builder"
    flavor: Literal["gcp"] = Field(description="Cloud Build.")
    location: BuildLocation | None = Field(
        default=None, description="Region of Cloud Build; null: its global endpoint."
    )
    timeout_minutes: Annotated[Count, Field(le=1440)] | None = Field(
        default=None, description="Longest time of one build, in minutes; null: 60."
    )


def _registered(component: CloudBuild, made: Made) -> Registered:
    minutes = component.timeout_minutes
    return Registered(
        set_only(
            project=made.project,
            location=component.location,
            build_timeout=None if minutes is None else minutes * 60,
        )
    )


CLOUD_BUILD: Final = GoogleFlavor(
    CloudBuild,
    _registered,
    set_by_zenstrap={
        "project": "gcp.project_id",
        "location": "location",
        "build_timeout": "timeout_minutes",
    },
    resource_type="gcp-generic",
    # Compute Engine's API, too: it creates the account that builds run as.
    apis=frozenset({"cloudbuild.googleapis.com", "compute.googleapis.com"}),
    packages=("google.cloud.devtools.cloudbuild_v1",),
    roles=("cloud_build",),
)
