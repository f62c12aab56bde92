"""Vertex AI: its pipelines as orchestrator, its jobs as step operator, its experiments."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from zenstrap.config.fields import Flag, Text
from zenstrap.config.google_fields import Region
from zenstrap.config.section import Component
from zenstrap.flavors.base import Registered, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made
from zenstrap.flavors.google.machines import (
    SMALL_MACHINE,
    OnMachines,
    machine_settings,
    vertex_has_the_accelerator,
)

_API: Final = frozenset({"aiplatform.googleapis.com"})
_PACKAGE: Final = "google.cloud.aiplatform"
_SERVICE: Final = "aiplatform"
BOOT_DISK_GB: Final = 100  # Vertex AI's least


class VertexPipelines(OnMachines):
    """Vertex AI Pipelines as orchestrator."""

    kind: Literal["orchestrator"] = "orchestrator"
    flavor: Literal["vertex"] = Field(description="Vertex AI Pipelines.")
    synchronous: Flag | None = Field(
        default=None,
        description="Whether the process that starts a pipeline waits until it ends; null: true.",
    )


class VertexJobs(OnMachines):
    """Vertex AI custom jobs as step operator."""

    kind: Literal["step_operator"] = "step_operator"
    flavor: Literal["vertex"] = Field(description="A Vertex AI custom job.")


class VertexExperiments(Component):
    """Vertex AI Experiments as experiment tracker."""

    kind: Literal["experiment_tracker"] = "experiment_tracker"
    flavor: Literal["vertex"] = Field(description="Vertex AI Experiments.")
    location: Region | None = Field(
        default=None, description="Region of the experiments; null: gcp.region."
    )
    experiment: Text | None = Field(
        default=None, description="Name of the experiment; null: named after the pipeline."
    )


def _pipelines(component: VertexPipelines, made: Made) -> Registered:
    workload = made.workload
    return Registered(
        set_only(
            project=made.project,
            location=made.location_of(component.location),
            synchronous=component.synchronous,
            pipeline_root=workload.staging_uri,
            workload_service_account=workload.service_account,
            network=workload.network,
            encryption_spec_key_name=workload.kms_key,
            custom_job_parameters=machine_settings(component) or None,
        )
    )


def _jobs(component: VertexJobs, made: Made) -> Registered:
    workload = made.workload
    return Registered(
        set_only(
            project=made.project,
            region=made.location_of(component.location),
            service_account=workload.service_account,
            network=workload.network,
            encryption_spec_key_name=workload.kms_key,
            **machine_settings(component),
        )
    )


def _experiments(component: VertexExperiments, made: Made) -> Registered:
    return Registered(
        set_only(
            project=made.project,
            location=made.location_of(component.location),
            experiment=component.experiment,
            staging_bucket=made.workload.staging_uri,
            encryption_spec_key_name=made.workload.kms_key,
        )
    )


def _training(seconds: int) -> dict[str, Any]:
    return {
        "synchronous": True,  # the smoke test waits for the result
        "custom_job_parameters": {
            "machine_type": SMALL_MACHINE,
            "accelerator_type": None,
            "accelerator_count": 0,
            "boot_disk_size_gb": BOOT_DISK_GB,
            "additional_training_job_args": {"timeout": f"{seconds}s"},
        },
    }


_PROJECT: Final[dict[str, str | None]] = {
    "project": "gcp.project_id",
    "encryption_spec_key_name": "gcp.kms_keys",
}
VERTEX_PIPELINES: Final = GoogleFlavor(
    VertexPipelines,
    _pipelines,
    set_by_zenstrap={
        **_PROJECT,
        "network": "gcp.network",
        "location": "location",
        "synchronous": "synchronous",
        "pipeline_root": None,
        "workload_service_account": None,
        "custom_job_parameters.machine_type": "machine_type",
        "custom_job_parameters.accelerator_type": "accelerator",
        "custom_job_parameters.accelerator_count": "accelerator_count",
        "custom_job_parameters.boot_disk_size_gb": "boot_disk_gb",
        "custom_job_parameters.service_account": None,
        "custom_job_parameters.additional_training_job_args.service_account": None,
    },
    rules=vertex_has_the_accelerator,
    runs_elsewhere=True,
    resource_type="gcp-generic",
    training_settings=_training,
    apis=_API,
    packages=(_PACKAGE, "kfp"),
    roles=("vertex",),
    encrypted_by=_SERVICE,
)
VERTEX_JOBS: Final = GoogleFlavor(
    VertexJobs,
    _jobs,
    set_by_zenstrap={
        **_PROJECT,
        "network": "gcp.network",
        "region": "location",
        "service_account": None,
        "machine_type": "machine_type",
        "accelerator_type": "accelerator",
        "accelerator_count": "accelerator_count",
        "boot_disk_size_gb": "boot_disk_gb",
    },
    rules=vertex_has_the_accelerator,
    runs_elsewhere=True,
    resource_type="gcp-generic",
    apis=_API,
    packages=(_PACKAGE,),
    roles=("vertex",),
    encrypted_by=_SERVICE,
)
VERTEX_EXPERIMENTS: Final = GoogleFlavor(
    VertexExperiments,
    _experiments,
    set_by_zenstrap={
        **_PROJECT,
        "location": "location",
        "experiment": "experiment",
        "staging_bucket": None,
    },
    resource_type="gcp-generic",
    apis=_API,
    packages=(_PACKAGE,),
    roles=("vertex",),
    encrypted_by=_SERVICE,
)
