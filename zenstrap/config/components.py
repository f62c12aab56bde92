"""The components of a stack: a version, a flavor and a few short settings each.

The flavors are ZenML's own names. The settings are zenstrap's short names; where they end up in
ZenML's configuration is the registry's business. A setting that is null is the flavor's default.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from zenstrap.config.fields import Count, Flag, SecretReference, Text, Version
from zenstrap.config.google_fields import (
    BucketName,
    BuildLocation,
    DagFolder,
    MachineType,
    Region,
)
from zenstrap.config.names import COMPONENT_KINDS, ComponentKind


class Section(BaseModel):
    """Part of a configuration: unknown keys are refused, nothing changes once it is read."""

    # Built when first used: importing is fast, and parts that are never checked alone cost nothing.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def is_written(self, field: str) -> bool:
        """Whether somebody wrote a value other than null."""
        return field in self.model_fields_set and getattr(self, field) is not None


class Component(Section):
    """What every stack component has."""

    # The settings that only some flavors have; `None` is every flavor.
    SETTINGS: ClassVar[dict[str, frozenset[str]]] = {}

    version: Version = Field(
        description="Version of this component. It changes only when this component changes."
    )
    settings: dict[str, Any] | None = Field(
        default=None,
        description="Settings of the flavor in ZenML's own words, beyond the keys here.",
    )


class ArtifactStore(Component):
    """Where pipelines keep their artifacts."""

    SETTINGS: ClassVar[dict[str, frozenset[str]]] = {
        "bucket": frozenset({"gcp"}),
        "storage_class": frozenset({"gcp"}),
    }

    flavor: Literal["gcp", "local"] = Field(
        description="gcp: a Cloud Storage bucket. local: a folder on this machine."
    )
    bucket: BucketName | None = Field(
        default=None,
        description="Name of the bucket; null: zenstrap's own name, which carries the project id.",
    )
    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] | None = Field(
        default=None, description="Storage class of new objects; null: STANDARD."
    )


class ContainerRegistry(Component):
    """Where the images of containerised steps are kept."""

    flavor: Literal["gcp"] = Field(description="gcp: an Artifact Registry repository.")


_MACHINES = frozenset({"vertex", "vm_gcp"})
# The most that a machine of Google's has. https://cloud.google.com/compute/docs/gpus,
# https://cloud.google.com/compute/docs/disks/persistent-disks; TPUs are counted by the slice.
AcceleratorCount = Annotated[Count, Field(le=256)]
DiskSize = Annotated[Count, Field(le=65_536)]


class Orchestrator(Component):
    """What runs pipelines."""

    SETTINGS: ClassVar[dict[str, frozenset[str]]] = {
        "location": frozenset({"vertex", "vm_gcp"}),
        "machine_type": _MACHINES,
        "accelerator": _MACHINES,
        "accelerator_count": _MACHINES,
        "boot_disk_gb": _MACHINES,
        "synchronous": frozenset({"vertex", "kubernetes"}),
        "use_spot": frozenset({"vm_gcp"}),
        "cluster": frozenset({"kubernetes"}),
        "namespace": frozenset({"kubernetes"}),
        "max_parallelism": frozenset({"kubernetes"}),
        "dag_folder": frozenset({"airflow"}),
    }

    flavor: Literal["vertex", "kubernetes", "vm_gcp", "airflow", "local"] = Field(
        description="vertex: Vertex AI Pipelines. kubernetes: a GKE cluster. vm_gcp: SkyPilot on "
        "Compute Engine. airflow: Airflow or Cloud Composer. local: the machine that starts "
        "the pipeline."
    )
    location: Region | None = Field(
        default=None, description="Region in which pipelines run; null: gcp.region."
    )
    machine_type: MachineType | None = Field(
        default=None,
        description="Machine of a step; null: the flavor's default.",
        examples=["n1-standard-8"],
    )
    accelerator: Text | None = Field(
        default=None, description="Accelerator of a step.", examples=["NVIDIA_TESLA_T4"]
    )
    accelerator_count: AcceleratorCount | None = Field(
        default=None,
        description="How many accelerators a step gets; null: 1 if there is an accelerator.",
    )
    boot_disk_gb: DiskSize | None = Field(
        default=None, description="Size of a step's boot disk in GB."
    )
    synchronous: Flag | None = Field(
        default=None,
        description="Whether whoever starts a pipeline waits until it ends; null: true.",
    )
    use_spot: Flag | None = Field(
        default=None, description="Use spot machines, which are cheaper and may be taken away."
    )
    cluster: Text | None = Field(
        default=None,
        description="Name of the GKE cluster, in gcp.project_id.",
        examples=["ml-cluster"],
    )
    namespace: Text | None = Field(
        default=None, description="Kubernetes namespace; null: zenml.", examples=["zenml"]
    )
    max_parallelism: Annotated[Count, Field(le=10_000)] | None = Field(
        default=None, description="How many step pods may run at a time; null: no limit."
    )
    dag_folder: DagFolder | None = Field(
        default=None,
        description="Where Airflow finds its DAGs: a folder, or the gs:// address of Composer's.",
    )


class StepOperator(Component):
    """What runs single steps elsewhere than the rest of the pipeline."""

    flavor: Literal["vertex"] = Field(description="vertex: a Vertex AI custom job.")
    location: Region | None = Field(
        default=None, description="Region of the jobs; null: gcp.region."
    )
    machine_type: MachineType | None = Field(
        default=None,
        description="Machine of a job; null: n1-standard-4.",
        examples=["n1-standard-8"],
    )
    accelerator: Text | None = Field(
        default=None, description="Accelerator of a job.", examples=["NVIDIA_TESLA_T4"]
    )
    accelerator_count: AcceleratorCount | None = Field(
        default=None,
        description="How many accelerators a job gets; null: 1 if there is an accelerator.",
    )
    boot_disk_gb: DiskSize | None = Field(
        default=None, description="Size of a job's boot disk in GB."
    )


class ImageBuilder(Component):
    """What builds the images of containerised steps."""

    SETTINGS: ClassVar[dict[str, frozenset[str]]] = {
        "location": frozenset({"gcp"}),
        "timeout_minutes": frozenset({"gcp"}),
    }

    flavor: Literal["gcp", "local"] = Field(
        description="gcp: Cloud Build. local: Docker on the machine that starts the pipeline."
    )
    location: BuildLocation | None = Field(
        default=None, description="Region of Cloud Build; null: its global endpoint."
    )
    timeout_minutes: Annotated[Count, Field(le=1440)] | None = Field(
        default=None, description="Longest time of one build, in minutes; null: 60."
    )


class ExperimentTracker(Component):
    """What records metrics and parameters of trainings."""

    SETTINGS: ClassVar[dict[str, frozenset[str]]] = {
        "location": frozenset({"vertex"}),
        "experiment": frozenset({"vertex", "mlflow"}),
        "tracking_uri": frozenset({"mlflow"}),
        "tracking_username": frozenset({"mlflow"}),
        "tracking_password": frozenset({"mlflow"}),
        "tracking_token": frozenset({"mlflow"}),
    }

    flavor: Literal["vertex", "mlflow"] = Field(
        description="vertex: Vertex AI Experiments. mlflow: an MLflow server of your own."
    )
    location: Region | None = Field(
        default=None, description="Region of the experiments; null: gcp.region."
    )
    experiment: Text | None = Field(
        default=None, description="Name of the experiment; null: named after the pipeline."
    )
    tracking_uri: Text | None = Field(
        default=None,
        description="Address of the MLflow server.",
        examples=["https://mlflow.acme.example"],
    )
    tracking_username: Text | None = Field(default=None, description="User of the MLflow server.")
    tracking_password: SecretReference | None = Field(
        default=None, description="Reference to that user's password: env:NAME or zenml:SECRET.KEY."
    )
    tracking_token: SecretReference | None = Field(
        default=None,
        description="Reference to a token, instead of user and password: env:NAME or "
        "zenml:SECRET.KEY.",
    )


class Deployer(Component):
    """What serves pipelines as HTTP services."""

    flavor: Literal["gcp"] = Field(description="gcp: Cloud Run.")
    location: Region | None = Field(
        default=None, description="Region of the services; null: gcp.region."
    )
    allow_unauthenticated: Flag = Field(
        default=False, description="Whether anyone on the internet may call the services."
    )


AnyComponent = (
    ArtifactStore
    | ContainerRegistry
    | Orchestrator
    | StepOperator
    | ImageBuilder
    | ExperimentTracker
    | Deployer
)


class Components(Section):
    """The components of one stack. ZenML needs the first and the third; null leaves one out."""

    artifact_store: ArtifactStore = Field(description="Where pipelines keep their artifacts.")
    container_registry: ContainerRegistry | None = Field(
        default=None, description="Where the images of containerised steps are kept."
    )
    orchestrator: Orchestrator = Field(description="What runs pipelines.")
    step_operator: StepOperator | None = Field(
        default=None, description="What runs single steps elsewhere than the rest of the pipeline."
    )
    image_builder: ImageBuilder | None = Field(
        default=None, description="What builds the images of containerised steps."
    )
    experiment_tracker: ExperimentTracker | None = Field(
        default=None, description="What records metrics and parameters of trainings."
    )
    deployer: Deployer | None = Field(
        default=None, description="What serves pipelines as HTTP services."
    )

    def get(self, kind: ComponentKind) -> AnyComponent | None:
        """The component of a kind; None if it isn't part of the stack."""
        component: AnyComponent | None = getattr(self, kind)
        return component

    def present(self) -> dict[ComponentKind, AnyComponent]:
        """The components that are part of the stack, in the order of COMPONENT_KINDS."""
        found = {kind: self.get(kind) for kind in COMPONENT_KINDS}
        return {kind: component for kind, component in found.items() if component is not None}

    def runners_elsewhere(self) -> dict[ComponentKind, str]:
        """The flavors of what runs steps on other machines, by kind."""
        found: dict[ComponentKind, str] = {}
        if self.orchestrator.flavor != "local":
            found["orchestrator"] = self.orchestrator.flavor
        if self.step_operator is not None:
            found["step_operator"] = self.step_operator.flavor
        return found
