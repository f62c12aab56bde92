"""The configuration that only environments on Google Cloud have, and their locations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, assert_never

from pydantic import Field

from zenstrap.config.components import Components
from zenstrap.config.fields import SecretReference, Text
from zenstrap.config.google_fields import (
    AcceptedValues,
    AwsAccount,
    BucketLocation,
    BucketName,
    GoogleProjectId,
    IssuerUri,
    KmsKey,
    ObjectPrefix,
    Region,
    RegistryLocation,
    ServiceAccountEmail,
    SubjectToken,
    TokenAttribute,
    WorkloadIdentityProvider,
)
from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.platforms import flavor_of
from zenstrap.config.section import Component, Section
from zenstrap.flavors.google.base import GoogleFlavor
from zenstrap.flavors.google.storage import Bucket

AuthMethod = Literal["external-account", "implicit", "impersonation", "service-account"]


class Gcp(Section):
    """Project, region and further settings of Google Cloud."""

    project_id: GoogleProjectId = Field(description="Id of the Google Cloud project.")
    region: Region = Field(description="Region of every resource that has one.")
    bucket_location: BucketLocation | None = Field(
        default=None,
        description="Location of the artifact bucket; null: gcp.region, or with "
        "resilience.high_availability the multi-region around it.",
    )
    registry_location: RegistryLocation | None = Field(
        default=None,
        description="Location of the container registry; null: gcp.region, or with "
        "resilience.high_availability the multi-region around it.",
    )
    kms_keys: tuple[KmsKey, ...] = Field(
        default=(),
        description="Your own encryption keys, one per location that needs one. In strict "
        "compliance zenstrap creates those that are not listed.",
    )
    network: Text | None = Field(
        default=None,
        description="Network that Vertex AI jobs are peered with.",
        examples=["projects/123456789012/global/networks/ml"],
    )
    terraform_service_account: ServiceAccountEmail | None = Field(
        default=None,
        description="Service account that Terraform impersonates, so that each environment can "
        "have its own principal; null: the logged-in user's credentials.",
    )


class State(Section):
    """The bucket of Terraform's state. zenstrap creates or adopts it, but never deletes it."""

    bucket: BucketName = Field(description="Name of the bucket for Terraform's state.")
    prefix: ObjectPrefix = Field(
        default="zenstrap",
        description="Folder in that bucket; each environment has its own below it.",
    )
    project: GoogleProjectId | None = Field(
        default=None,
        description="Id of the Google Cloud project that the bucket belongs to; null: "
        "gcp.project_id.",
    )
    location: BucketLocation | None = Field(
        default=None,
        description="Location in which the bucket is created, or which an existing one must have; "
        "null: created in gcp.region; an existing bucket may be in any location.",
    )


class WorkloadIdentity(Section):
    """Workload identity federation: which identities Google accepts instead of a key."""

    provider: WorkloadIdentityProvider | None = Field(
        default=None,
        description="An existing provider of your own; null: zenstrap creates one.",
    )
    oidc_issuer: IssuerUri | None = Field(
        default=None,
        description="For a provider that zenstrap creates: the issuer of the identity tokens, "
        "such as a Kubernetes cluster or a CI service.",
    )
    aws_account: AwsAccount | None = Field(
        default=None,
        description="For a provider that zenstrap creates: the AWS account whose roles it accepts.",
    )
    audiences: tuple[Text, ...] = Field(
        default=(),
        description="Accepted audiences of a token; none: the provider's own name.",
    )
    attribute: TokenAttribute = Field(
        default="subject",
        description="Attribute that access is decided by: subject, or one that the provider "
        "maps, such as repository or aws_role. A provider that zenstrap creates maps the token's "
        "claim of that name.",
    )
    values: AcceptedValues = Field(
        description="Accepted values of that attribute; all others are refused."
    )


class Auth(Section):
    """How the registered stacks authenticate to Google Cloud (with ZenML's method names)."""

    method: AuthMethod = Field(
        description="external-account: workload identity federation, no key. implicit: the "
        "identity of the machine, no key. impersonation: a key that acts as another account. "
        "service-account: a key; in throw-away environments only."
    )
    workload_identity: WorkloadIdentity | None = Field(
        default=None, description="external-account: which identities are accepted."
    )
    subject_token: SubjectToken | None = Field(
        default=None,
        description="external-account: where the caller's identity token comes from: aws, "
        "file:/absolute/path or url:https://address.",
    )
    key: SecretReference | None = Field(
        default=None,
        description="impersonation: the key to authenticate with first. service-account: a key "
        "of your own; null: Terraform creates one. A reference: env:NAME or zenml:SECRET.KEY.",
    )
    source_service_account: ServiceAccountEmail | None = Field(
        default=None,
        description="impersonation: the account of that key, which then gets permission to "
        "impersonate the accounts that Terraform creates; null: it has that permission already.",
    )

    @property
    def uses_key(self) -> bool:
        """Whether a long-lived key is used. ZenML's impersonation needs one, too."""
        match self.method:
            case "service-account" | "impersonation":
                return True
            case "external-account" | "implicit":
                return False
            case unknown:
                assert_never(unknown)


class GoogleEnvironment(EnvironmentConfig):
    """An environment on Google Cloud."""

    platform: Literal["gcp"] = Field(description="gcp: Google Cloud.")
    gcp: Gcp = Field(
        description="Settings of Google Cloud. Platform gcp only.",
        examples=[{"project_id": "acme-ml-dev", "region": "europe-west1"}],
    )
    state: State = Field(
        description="Where Terraform's state is stored. Platform gcp only.",
        examples=[{"bucket": "acme-ml-tfstate"}],
    )
    auth: Auth = Field(
        description="How the stacks authenticate to Google Cloud. Platform gcp only.",
        examples=[{"method": "implicit"}],
    )


# --- Locations ---

# By the prefix of a region's name: the multi-region of Cloud Storage and that of Artifact
# Registry. Canada, South America, Australia, Africa and the Middle East have none.
# https://cloud.google.com/storage/docs/locations
# https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
_MULTI_REGIONS: Final = {"europe": ("EU", "europe"), "us": ("US", "us"), "asia": ("ASIA", "asia")}

# The location of a bucket's key, if it isn't the bucket's own location in lower case.
# https://cloud.google.com/kms/docs/locations#multi-regional
_KEY_LOCATIONS: Final = {"eu": "europe"}


@dataclass(frozen=True)
class Locations:
    """Locations of an environment's bucket and registry; None if they can't be derived."""

    bucket: str | None
    registry: str | None


def locations(config: GoogleEnvironment) -> Locations:
    """The configured locations, or those derived from region and high availability."""
    gcp = config.gcp
    if config.resilience.high_availability:
        bucket, registry = _MULTI_REGIONS.get(gcp.region.partition("-")[0], (None, None))
    else:
        bucket, registry = gcp.region.upper(), gcp.region
    return Locations(
        bucket=gcp.bucket_location.upper() if gcp.bucket_location else bucket,
        registry=gcp.registry_location.lower() if gcp.registry_location else registry,
    )


def key_location(location: str) -> str:
    """The location of the encryption key for a resource in a location."""
    return _KEY_LOCATIONS.get(location.lower(), location.lower())


def key_locations(config: GoogleEnvironment) -> frozenset[str]:
    """All locations in which the environment needs an encryption key."""
    own = locations(config)
    needed = {key_location(own.bucket)} if own.bucket else set()
    for project in config.targets:
        components = config.components_of(project)
        if own.registry and components.of_kind("container_registry") is not None:
            needed.add(key_location(own.registry))
        for component in components.present().values():
            flavor = google_flavor(component)
            if flavor is not None and flavor.encrypted_by is not None:
                needed.add(getattr(component, "location", None) or config.gcp.region)
    return frozenset(needed)


def google_flavor(component: Component) -> GoogleFlavor | None:
    """The record of a component's flavor if it needs something on Google Cloud, else None."""
    flavor = flavor_of(component)
    return flavor if isinstance(flavor, GoogleFlavor) else None


def bucket_of(components: Components) -> Bucket:
    """The artifact store of a stack on Google Cloud."""
    store = components.artifact_store
    assert isinstance(store, Bucket), "the platform's rules allow no other flavor"
    return store
