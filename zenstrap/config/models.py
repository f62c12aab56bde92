"""One environment's whole configuration, resolved.

``EnvironmentConfig`` is what pipelines get as their parameter: plain data, no secrets, the same
after a round trip through JSON.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal, assert_never

from pydantic import AllowInfNan, BeforeValidator, Field, Strict

from zenstrap.config.components import AnyComponent, Components, Section
from zenstrap.config.fields import (
    AbsoluteFolder,
    Count,
    CronSchedule,
    Duration,
    EnvironmentName,
    Flag,
    ProjectName,
    SecretReference,
    Text,
    TrainingFunction,
    Version,
    refused,
)
from zenstrap.config.google_fields import (
    AcceptedValues,
    AwsAccount,
    BucketLocation,
    BucketName,
    GoogleProjectId,
    IssuerUri,
    KmsKey,
    Labels,
    ObjectPrefix,
    Region,
    RegistryLocation,
    ServiceAccountEmail,
    SubjectToken,
    TokenAttribute,
    WorkloadIdentityProvider,
)
from zenstrap.config.names import ComponentKind, Platform

AuthMethod = Literal["external-account", "implicit", "impersonation", "service-account"]
Approval = Literal["none", "terminal"]
ComplianceMode = Literal["standard", "strict"]
When = Literal["changed", "always"]
Number = Annotated[float, Strict(), AllowInfNan(False)]


class Gcp(Section):
    """Where in Google Cloud the environment lives."""

    project_id: GoogleProjectId = Field(description="Id of the Google Cloud project.")
    region: Region = Field(description="Region of everything that has one.")
    bucket_location: BucketLocation | None = Field(
        default=None,
        description="Where the artifact bucket lies; null: gcp.region, or with "
        "resilience.high_availability the multi-region around it.",
    )
    registry_location: RegistryLocation | None = Field(
        default=None,
        description="Where the container registry lies; null: gcp.region, or with "
        "resilience.high_availability the multi-region around it.",
    )
    kms_keys: tuple[KmsKey, ...] = Field(
        default=(),
        description="Encryption keys of your own, one per location that needs one. In strict "
        "compliance zenstrap makes those that are not named here.",
    )
    network: Text | None = Field(
        default=None,
        description="Network that Vertex AI jobs are peered with.",
        examples=["projects/123456789012/global/networks/ml"],
    )
    terraform_service_account: ServiceAccountEmail | None = Field(
        default=None,
        description="Service account that Terraform acts as, so that each environment can have "
        "a principal of its own; null: whoever is logged in.",
    )


class Local(Section):
    """Where on this machine the environment lives."""

    root: AbsoluteFolder | None = Field(
        default=None,
        description="Folder for the artifacts, from the root or with ~/; null: zenstrap's state "
        "folder.",
    )


class State(Section):
    """Where Terraform's state is kept. zenstrap creates or adopts it, and never destroys it."""

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
        description="Where that bucket is created if it doesn't exist, and has to lie if it does; "
        "null: created in gcp.region, and an existing one may lie anywhere.",
    )


class Stack(Section):
    """The base stack: what all ML projects of the environment share."""

    version: Version = Field(description="Version of the set of components below.")
    components: Components = Field(description="The components, each with a version of its own.")


class WorkloadIdentity(Section):
    """Whose identity Google accepts instead of a key: workload identity federation."""

    provider: WorkloadIdentityProvider | None = Field(
        default=None,
        description="A provider of your own that exists already; null: zenstrap makes one.",
    )
    oidc_issuer: IssuerUri | None = Field(
        default=None,
        description="For a provider that zenstrap makes: who issues the identity tokens, such as "
        "a Kubernetes cluster or a CI service.",
    )
    aws_account: AwsAccount | None = Field(
        default=None,
        description="For a provider that zenstrap makes: the AWS account whose roles are accepted.",
    )
    audiences: tuple[Text, ...] = Field(
        default=(),
        description="Audiences that a token may be for; none: the provider's own name.",
    )
    attribute: TokenAttribute = Field(
        default="subject",
        description="Which attribute of the identity decides: subject, or one that the provider "
        "maps, such as repository or aws_role. A provider that zenstrap makes maps the token's "
        "claim of that name.",
    )
    values: AcceptedValues = Field(
        description="The values of that attribute that are accepted; nobody else is."
    )


class Auth(Section):
    """How the registered stacks reach Google Cloud (ZenML's names of the methods)."""

    method: AuthMethod = Field(
        description="external-account: workload identity federation, no key. implicit: the "
        "identity of the machine, no key. impersonation: a key that acts as another account. "
        "service-account: a key; in throw-away environments only."
    )
    workload_identity: WorkloadIdentity | None = Field(
        default=None, description="external-account: whose identity is accepted."
    )
    subject_token: SubjectToken | None = Field(
        default=None,
        description="external-account: where the caller's identity token comes from: aws, "
        "file:/absolute/path or url:https://address.",
    )
    key: SecretReference | None = Field(
        default=None,
        description="impersonation: the key to start from. service-account: a key of your own; "
        "null: Terraform makes one. A reference: env:NAME or zenml:SECRET.KEY.",
    )
    source_service_account: ServiceAccountEmail | None = Field(
        default=None,
        description="impersonation: the account of that key, which is then allowed to act as the "
        "accounts that Terraform makes; null: it is allowed to already.",
    )

    @property
    def uses_key(self) -> bool:
        """Whether a long-lived key is involved. ZenML's impersonation starts from one too."""
        match self.method:
            case "service-account" | "impersonation":
                return True
            case "external-account" | "implicit":
                return False
            case unknown:
                assert_never(unknown)


class SmokeTest(Section):
    """The training that a candidate stack must really run before it is promoted."""

    timeout_minutes: Annotated[Number, Field(gt=0, le=1440)] = Field(
        default=20, description="Longest time of one smoke test, in minutes."
    )
    min_accuracy: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=0.9, description="Accuracy that the training must reach, above 0 and up to 1."
    )
    when: When = Field(
        default="changed",
        description="changed: test what is new, or changed, or was tested with another training, "
        "data or min_accuracy. always: test every stack.",
    )
    training: TrainingFunction | None = Field(
        default=None,
        description="Training of your own, package.module:function; null: the built-in one.",
    )
    data: Text | None = Field(
        default=None,
        description="CSV file for the training, from the clone's root or absolute; null: the "
        "built-in data.",
    )

    @property
    def demands(self) -> str:
        """What a stack is put to, as a short hash: with other demands it is tested again."""
        told = [self.training, self.data, self.min_accuracy]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]

    @property
    def is_repeated(self) -> bool:
        """Whether a stack is tested although it is known to work."""
        match self.when:
            case "always":
                return True
            case "changed":
                return False
            case unknown:
                assert_never(unknown)


class MlProject(Section):
    """The stack of one ML project: the base stack, extended and overridden."""

    version: Version = Field(description="Version of this ML project's stack.")
    description: Text | None = Field(
        default=None, description="What the project is about, one sentence."
    )
    components: Components = Field(
        description="All components of its stack: the base stack's with the overrides applied."
    )
    overrides: tuple[ComponentKind, ...] = Field(
        default=(),
        description="Which of them the ML project's own file sets, in the order of kinds.",
    )
    smoke_test: SmokeTest = Field(
        description="Its smoke test: the environment's with the overrides applied."
    )
    labels: Labels = Field(
        default_factory=dict, description="Its labels: the environment's and its own."
    )


class Resilience(Section):
    """What the infrastructure withstands."""

    high_availability: Flag = Field(
        default=False, description="Bucket and registry in a dual- or multi-region."
    )
    backup_enabled: Flag = Field(
        default=False, description="Object versioning, soft delete and rules for old versions."
    )
    compliance_mode: ComplianceMode = Field(
        default="standard",
        description="strict: customer-managed keys, immutable tags, no service-account keys, "
        "destroy protection; a plan that breaks one of them is refused.",
    )

    @property
    def is_strict(self) -> bool:
        """Whether compliance_mode is strict."""
        match self.compliance_mode:
            case "strict":
                return True
            case "standard":
                return False
            case unknown:
                assert_never(unknown)


def _not_built_yet(value: object) -> object:
    """Refuse what is planned in words of its own: it is no spelling mistake."""
    if value == "dashboard":
        raise refused(
            "approval in the ZenML dashboard isn't built yet, and nobody would be asked",
            "Write approval: terminal",
        )
    return value


class Protection(Section):
    """What may be changed, and who must agree."""

    allow_destroy: Flag = Field(
        default=False, description="Whether a bucket, registry or key may be deleted or replaced."
    )
    approval: Annotated[Approval, BeforeValidator(_not_built_yet)] = Field(
        default="terminal",
        description="Who agrees to a change. none: nobody, if it destroys nothing. terminal: "
        "whoever started it.",
    )
    confirm_by_name: Flag = Field(
        default=False, description="Whether agreeing means typing the environment's name."
    )
    immutable_versions: Flag = Field(
        default=True, description="Whether a version that is or was current keeps its content."
    )


class Retention(Section):
    """How long things are kept."""

    artifact_days: Annotated[Count, Field(le=36_500)] | None = Field(
        default=90,
        description="Days after which the bucket deletes artifacts; null: kept for ever. Platform "
        "gcp only.",
    )
    stack_versions: Annotated[Count, Field(le=1_000)] = Field(
        default=3,
        description="How many promoted versions of each stack are kept to roll back to. Not "
        "carried out by this version: all are kept.",
    )
    ttl: Duration | None = Field(
        default=None,
        description="Age at which cleanup takes the whole environment down, such as 8h or 3d; "
        "null: never. Only in throw-away environments. Not carried out by this version.",
    )


class Cleanup(Section):
    """When retention is carried out."""

    schedule: CronSchedule | None = Field(
        default=None,
        description="Cron schedule of clean-ups; null: none. Not carried out by this version.",
    )


class EnvironmentConfig(Section):
    """One environment: defaults, its own file and its ML projects, merged.

    Each value is checked; what doesn't go together is found by zenstrap.config.rules.
    """

    environment: EnvironmentName = Field(description="Name of the environment: that of its file.")
    platform: Platform = Field(description="gcp: Google Cloud. local: this machine, no account.")
    gcp: Gcp | None = Field(
        default=None, description="Where in Google Cloud it lives. Platform gcp only."
    )
    local: Local | None = Field(
        default=None, description="Where on this machine it lives. Platform local only."
    )
    state: State | None = Field(
        default=None, description="Where Terraform's state is kept. Platform gcp only."
    )
    control_stack: Text | None = Field(
        default=None,
        description="ZenML stack that the bootstrap pipelines themselves run on (its orchestrator "
        "must be local); null: the active one, or ZenML's default where that is zenstrap's own.",
    )
    stack: Stack = Field(description="The base stack.")
    auth: Auth | None = Field(
        default=None, description="How the stacks reach Google Cloud. Platform gcp only."
    )
    ml_projects: dict[ProjectName, MlProject] = Field(
        default_factory=dict, description="The ML projects, each with a stack of its own."
    )
    throwaway: Flag = Field(
        default=False, description="Whether full buckets may be deleted with the environment."
    )
    resilience: Resilience = Field(
        default_factory=Resilience, description="What the infrastructure withstands."
    )
    protection: Protection = Field(
        default_factory=Protection, description="What may be changed, and who must agree."
    )
    retention: Retention = Field(default_factory=Retention, description="How long things are kept.")
    cleanup: Cleanup = Field(default_factory=Cleanup, description="When retention is carried out.")
    smoke_test: SmokeTest = Field(
        default_factory=SmokeTest,
        description="The training that a candidate stack must run before it is promoted.",
    )
    labels: Labels = Field(
        default_factory=dict, description="Labels on everything that takes labels."
    )

    @property
    def targets(self) -> tuple[str | None, ...]:
        """What gets a stack: None for the base stack, then each ML project."""
        return (None, *self.ml_projects)

    def version_of(self, project: str | None = None) -> str:
        """Version of the base stack, or of an ML project's."""
        return self.stack.version if project is None else self.ml_projects[project].version

    def components_of(self, project: str | None = None) -> Components:
        """The components of the base stack, or of an ML project's.

        One that is no longer configured, and is gone back to, counts as the base stack.
        """
        found = self.ml_projects.get(project or "")
        return found.components if found else self.stack.components

    def smoke_test_of(self, project: str | None = None) -> SmokeTest:
        """The smoke test of the base stack, or of an ML project's; see :meth:`components_of`."""
        found = self.ml_projects.get(project or "")
        return found.smoke_test if found else self.smoke_test

    def labels_of(self, project: str | None = None) -> dict[str, str]:
        """The user's labels on the base stack's things, or on an ML project's."""
        return self.labels if project is None else self.ml_projects[project].labels


__all__ = [
    "AnyComponent",
    "Approval",
    "Auth",
    "AuthMethod",
    "Cleanup",
    "ComplianceMode",
    "Components",
    "EnvironmentConfig",
    "Gcp",
    "Local",
    "MlProject",
    "Protection",
    "Resilience",
    "Retention",
    "SmokeTest",
    "Stack",
    "State",
    "When",
    "WorkloadIdentity",
]
