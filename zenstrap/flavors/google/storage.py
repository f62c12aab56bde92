"""A bucket as artifact store, a Docker repository as container registry."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.google_fields import BucketName
from zenstrap.config.section import Component
from zenstrap.errors import RegistryError
from zenstrap.flavors.base import Registered
from zenstrap.flavors.google.base import GoogleFlavor, Made


class Bucket(Component):
    """A Cloud Storage bucket as artifact store."""

    kind: Literal["artifact_store"] = "artifact_store"
    flavor: Literal["gcp"] = Field(description="A Cloud Storage bucket.")
    bucket: BucketName | None = Field(
        default=None,
        description="Name of the bucket; null: zenstrap's own name, which carries the project id.",
    )
    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] | None = Field(
        default=None, description="Storage class of new objects; null: STANDARD."
    )


class Repository(Component):
    """An Artifact Registry repository as container registry."""

    kind: Literal["container_registry"] = "container_registry"
    flavor: Literal["gcp"] = Field(description="An Artifact Registry repository.")


def _bucket(component: Bucket, made: Made) -> Registered:
    return Registered({"path": made.uri}, resource=f"gs://{made.bucket}")


def _repository(component: Repository, made: Made) -> Registered:
    if made.registry is None:
        raise RegistryError(
            "Terraform's output container_registry is null, and the stack has a container registry",
            why="The root module and zenstrap disagree about what it outputs.",
        )
    return Registered({"uri": made.registry}, resource=made.registry)


BUCKET: Final = GoogleFlavor(
    Bucket,
    _bucket,
    set_by_zenstrap={"path": None},
    resource_type="gcs-bucket",
    looked_at=True,
)
REPOSITORY: Final = GoogleFlavor(
    Repository,
    _repository,
    set_by_zenstrap={"uri": None},
    resource_type="docker-registry",
    apis=frozenset({"artifactregistry.googleapis.com"}),
)
