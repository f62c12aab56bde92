"""Stack components on Google Cloud: from a configuration's short settings to ZenML's own."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from zenstrap.config import AnyComponent, ComponentKind
from zenstrap.config.components import (
    Deployer,
    ExperimentTracker,
    ImageBuilder,
    Orchestrator,
    StepOperator,
)
from zenstrap.errors import RegistryError
from zenstrap.platforms.gcp.outputs import ComponentOutputs, GoogleProject, StackOutputs
from zenstrap.platforms.mlflow import mlflow, set_only
from zenstrap.registry.desired import Registered

Settings = dict[str, JsonValue]

# What a component reaches through its service connector: ZenML's resource types. The other flavors
# reach nothing on Google Cloud by themselves.
RESOURCE_TYPES: Final[dict[tuple[ComponentKind, str], str]] = {
    ("artifact_store", "gcp"): "gcs-bucket",
    ("container_registry", "gcp"): "docker-registry",
    ("orchestrator", "vertex"): "gcp-generic",
    ("orchestrator", "kubernetes"): "kubernetes-cluster",
    ("orchestrator", "vm_gcp"): "gcp-generic",
    ("step_operator", "vertex"): "gcp-generic",
    ("image_builder", "gcp"): "gcp-generic",
    ("experiment_tracker", "vertex"): "gcp-generic",
    ("deployer", "gcp"): "gcp-generic",
}

# ZenML stores the class that its short name kubernetes_pod stands for. The arguments are what
# Cloud Composer wants of pods. https://cloud.google.com/composer/docs/composer-3/use-kubernetes-pod-operator
_POD_OPERATOR: Final = (
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator"
)
_COMPOSER_PODS: Final[Settings] = {
    "namespace": "composer-user-workloads",
    "config_file": "/home/airflow/composer_kube_config",
}


def gcp_component(
    kind: ComponentKind, component: AnyComponent, google: GoogleProject, outputs: StackOutputs
) -> Registered:
    """The component in ZenML's words.

    Args:
        outputs: those of the stack that the component belongs to.

    Raises:
        RegistryError: Terraform didn't make what it needs.
    """
    match kind, component.flavor:
        case "artifact_store", "gcp":
            store = outputs.artifact_store
            return Registered({"path": store.uri}, resource=f"gs://{store.bucket}")
        case "container_registry", "gcp":
            if outputs.container_registry is None:
                raise _missing("container_registry", "container registry")
            uri = outputs.container_registry.uri
            return Registered({"uri": uri}, resource=uri)
        case "orchestrator", _:
            assert isinstance(component, Orchestrator)
            cluster = component.cluster if component.flavor == "kubernetes" else None
            made = outputs.component(kind, component.flavor)
            return Registered(_orchestrator(component, google, made), resource=cluster)
        case "step_operator", "vertex":
            assert isinstance(component, StepOperator)
            made = outputs.component(kind, component.flavor)
            return Registered(_step_operator(component, google, made))
        case "image_builder", _:
            assert isinstance(component, ImageBuilder)
            return Registered(_image_builder(component, google))
        case "experiment_tracker", _:
            assert isinstance(component, ExperimentTracker)
            made = outputs.component(kind, component.flavor)
            return Registered(_experiment_tracker(component, google, made))
        case "deployer", "gcp":
            assert isinstance(component, Deployer)
            made = outputs.component(kind, component.flavor)
            return Registered(_deployer(component, google, made))
    raise RegistryError(
        f"zenstrap doesn't register {kind} of flavor {component.flavor} on Google Cloud",
        where=f"stack.components.{kind}.flavor",
    )


def _orchestrator(
    component: Orchestrator, google: GoogleProject, made: ComponentOutputs
) -> Settings:
    location = made.location or component.location or google.region
    match component.flavor:
        case "vertex":
            return set_only(
                project=google.id,
                location=location,
                synchronous=component.synchronous,
                pipeline_root=made.staging_uri,
                workload_service_account=made.service_account,
                network=made.network,
                encryption_spec_key_name=made.kms_key,
                custom_job_parameters=_machine(component) or None,
            )
        case "kubernetes":
            return set_only(
                kubernetes_namespace=component.namespace,
                synchronous=component.synchronous,
                max_parallelism=component.max_parallelism,
            )
        case "vm_gcp":
            return set_only(
                project=google.id,
                region=location,
                instance_type=component.machine_type,
                accelerators=_counted_accelerator(component),
                disk_size=component.boot_disk_gb,
                use_spot=component.use_spot,
            )
        case "airflow":
            folder = component.dag_folder
            on_composer = folder is not None and folder.startswith("gs://")
            return set_only(
                dag_output_dir=folder,
                local=False,
                operator=_POD_OPERATOR if on_composer else None,
                operator_args=_COMPOSER_PODS if on_composer else None,
            )
    return {}


def _step_operator(
    component: StepOperator, google: GoogleProject, made: ComponentOutputs
) -> Settings:
    return set_only(
        project=google.id,
        region=made.location or component.location or google.region,
        service_account=made.service_account,
        network=made.network,
        encryption_spec_key_name=made.kms_key,
        **_machine(component),
    )


def _image_builder(component: ImageBuilder, google: GoogleProject) -> Settings:
    if component.flavor == "local":
        return {}
    minutes = component.timeout_minutes
    return set_only(
        project=google.id,
        location=component.location,
        build_timeout=None if minutes is None else minutes * 60,
    )


def _experiment_tracker(
    component: ExperimentTracker, google: GoogleProject, made: ComponentOutputs
) -> Settings:
    if component.flavor == "mlflow":
        return mlflow(component)
    return set_only(
        project=google.id,
        location=made.location or component.location or google.region,
        experiment=component.experiment,
        staging_bucket=made.staging_uri,
        encryption_spec_key_name=made.kms_key,
    )


def _deployer(component: Deployer, google: GoogleProject, made: ComponentOutputs) -> Settings:
    if made.secret_name_prefix is None:
        raise _missing("secret_name_prefix", "deployer")
    return set_only(
        project=google.id,
        location=made.location or component.location or google.region,
        service_account=made.service_account,
        secret_name_prefix=made.secret_name_prefix,
        allow_unauthenticated=component.allow_unauthenticated,
    )


def _machine(component: Orchestrator | StepOperator) -> Settings:
    """The machine of a Vertex AI job, in the words of its API."""
    count = component.accelerator_count or 1
    return set_only(
        machine_type=component.machine_type,
        accelerator_type=component.accelerator,
        accelerator_count=count if component.accelerator else None,
        boot_disk_size_gb=component.boot_disk_gb,
    )


def _counted_accelerator(component: Orchestrator) -> str | None:
    if component.accelerator is None:
        return None
    return f"{component.accelerator}:{component.accelerator_count or 1}"


def _missing(output: str, component: str) -> RegistryError:
    return RegistryError(
        f"Terraform's output {output} is null, and the stack has a {component}",
        why="The root module and zenstrap disagree about what it outputs.",
    )
