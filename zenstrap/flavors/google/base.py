"""The record of a flavor on Google Cloud, and the resources that Terraform creates for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from zenstrap.flavors.base import Flavor


@dataclass(frozen=True)
class Workload:
    """Terraform's resources for one component that runs something; None if it has none.

    Attributes:
        staging_uri: where it keeps files while it works, gs://…
        kms_key: the encryption key of its location; None if Google's own is used.
        secret_name_prefix: prefix of the names of the secrets that a deployer may use. With another
            prefix Google refuses access, and ZenML writes the secrets into the service's plain
            environment.
    """

    location: str | None = None
    service_account: str | None = None
    staging_uri: str | None = None
    network: str | None = None
    kms_key: str | None = None
    secret_name_prefix: str | None = None


@dataclass(frozen=True)
class Made:
    """Terraform's resources for the stack that a component belongs to.

    Attributes:
        project: id of the Google Cloud project.
        region: of everything that has no location of its own.
        bucket: name of the artifact store's.
        uri: the stack's path in it, gs://…
        registry: address of the container registry; None: the stack has none.
    """

    project: str
    region: str
    bucket: str
    uri: str
    registry: str | None = None
    workload: Workload = field(default=Workload())

    def location_of(self, component_location: str | None) -> str:
        """Where a component runs."""
        return self.workload.location or component_location or self.region


EXAMPLE: Final = Made(
    project="example-project",
    region="europe-west1",
    bucket="example-bucket",
    uri="gs://example-bucket/shared",
    registry="europe-west1-docker.pkg.dev/example-project/example",
    workload=Workload(secret_name_prefix="example-"),
)


@dataclass(frozen=True, eq=False)
class GoogleFlavor(Flavor):
    """A flavor that needs something on Google Cloud.

    Attributes:
        apis: the APIs that must be enabled; terraform_modules/base_infrastructure enables them.
        roles: the roles that its service account gets on the project, by their keys in the
            modules' output ``roles``.
        custom_roles: those of them that are custom roles, each by the end of its name.
        encrypted_by: the service that encrypts in the component's own location, as
            terraform_modules/encryption calls it; None: it has no encryption of its own.
        looked_at: whether access to its resource is verified when its connector is registered. For
            a bucket that takes one request; a smoke test verifies the others.
        hands_out_key: it writes credentials to a file, so its connector must hand out the key.
    """

    example: Any = EXAMPLE
    apis: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    custom_roles: tuple[str, ...] = ()
    encrypted_by: str | None = None
    looked_at: bool = False
    hands_out_key: bool = False
