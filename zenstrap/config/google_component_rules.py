"""The rules within one stack's components on Google Cloud."""

from __future__ import annotations

from typing import Final

from zenstrap.config.components import Components
from zenstrap.config.names import nearest, quoted
from zenstrap.config.platforms import Violation, Violations

# Vertex AI's names are those of the AcceleratorType in google-cloud-aiplatform, which takes
# seconds to import; a test compares.
# https://cloud.google.com/vertex-ai/docs/training/configure-compute
# By name, how the types of the machines begin that have it; None: not checked.
MACHINES: Final[dict[str, str | None]] = {
    "NVIDIA_TESLA_K80": "n1-",
    "NVIDIA_TESLA_P100": "n1-",
    "NVIDIA_TESLA_V100": "n1-",
    "NVIDIA_TESLA_P4": "n1-",
    "NVIDIA_TESLA_T4": "n1-",
    "NVIDIA_TESLA_A100": "a2-",
    "NVIDIA_A100_80GB": "a2-ultragpu-",
    "NVIDIA_L4": "g2-",
    "NVIDIA_H100_80GB": "a3-",
    "NVIDIA_H100_MEGA_80GB": "a3-",
    "NVIDIA_H200_141GB": "a3-",
    "NVIDIA_B200": "a4-",
    "NVIDIA_GB200": "a4x-",
    "NVIDIA_RTX_PRO_6000": "g4-",
    "TPU_V2": None,
    "TPU_V3": None,
    "TPU_V4_POD": None,
    "TPU_V5_LITEPOD": None,
}
# Attached to a machine by whoever asks; the others are part of it. Also Vertex AI's own default.
ATTACHED_TO: Final = "n1-"


def skypilots_name(accelerator: str) -> str:
    """Vertex AI's name as SkyPilot has it: T4, A100-80GB."""
    return accelerator.removeprefix("NVIDIA_").removeprefix("TESLA_").replace("_", "-")


def _remote_steps_have_images_and_a_bucket(at: str, components: Components) -> Violations:
    remote = components.runners_elsewhere()
    if not remote:
        return
    runners = " and ".join(f"{kind} {flavor}" for kind, flavor in remote.items())
    flavors = tuple(f"{at}.{kind}.flavor" for kind in remote)
    for needed in ("container_registry", "image_builder"):
        if getattr(components, needed) is None:
            yield Violation(
                (f"{at}.{needed}", *flavors),
                f"is missing, and steps run in containers ({runners})",
                f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
            )
    if components.artifact_store.flavor == "local":
        yield Violation(
            (f"{at}.artifact_store.flavor", *flavors),
            f"is local, which steps on other machines can't reach ({runners})",
            "Use flavor gcp",
        )


def _kubernetes_has_a_cluster(at: str, components: Components) -> Violations:
    if components.orchestrator.flavor == "kubernetes" and components.orchestrator.cluster is None:
        yield Violation(
            (f"{at}.orchestrator.cluster", f"{at}.orchestrator.flavor"),
            "is missing, and flavor kubernetes needs the name of the GKE cluster",
            "Add cluster: NAME (`gcloud container clusters list`)",
        )


def _airflow_has_a_folder(at: str, components: Components) -> Violations:
    if components.orchestrator.flavor == "airflow" and components.orchestrator.dag_folder is None:
        yield Violation(
            (f"{at}.orchestrator.dag_folder", f"{at}.orchestrator.flavor"),
            "is missing, and flavor airflow needs the folder in which Airflow looks for DAGs",
            "Add dag_folder: gs://BUCKET/dags (Cloud Composer tells it), or a folder",
        )


def _images_are_built_where_they_are_pushed_from(at: str, components: Components) -> Violations:
    builder = components.image_builder
    if builder is None or builder.flavor != "gcp":
        return
    if components.container_registry is None:
        yield Violation(
            (f"{at}.container_registry", f"{at}.image_builder.flavor"),
            "is missing, and Cloud Build pushes what it builds to one",
            "Add container_registry: {version: 1.0.0, flavor: gcp}",
        )
    if components.artifact_store.flavor != "gcp":
        yield Violation(
            (f"{at}.artifact_store.flavor", f"{at}.image_builder.flavor"),
            f"is {components.artifact_store.flavor}, and Cloud Build reads what it builds from "
            "a bucket",
            "Use flavor gcp",
        )


def _deployer_has_images(at: str, components: Components) -> Violations:
    if components.deployer is None:
        return
    for needed in ("container_registry", "image_builder"):
        if getattr(components, needed) is None:
            yield Violation(
                (f"{at}.{needed}", f"{at}.deployer.flavor"),
                "is missing, and the deployer serves pipelines in containers",
                f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
            )


def _accelerators_are_named(at: str, components: Components) -> Violations:
    for kind in ("orchestrator", "step_operator"):
        component = getattr(components, kind)
        if component is None or component.accelerator is not None:
            continue
        if component.accelerator_count is not None:
            yield Violation(
                (f"{at}.{kind}.accelerator_count", f"{at}.{kind}.accelerator"),
                "counts accelerators, but none is named",
                "Add accelerator: NVIDIA_TESLA_T4",
            )


def _accelerators_exist_and_fit(at: str, components: Components) -> Violations:
    for kind in ("orchestrator", "step_operator"):
        component = getattr(components, kind)
        accelerator = component.accelerator if component is not None else None
        if accelerator is None:
            continue
        here = f"{at}.{kind}"
        if component.flavor == "vm_gcp":
            if accelerator in MACHINES:
                yield Violation(
                    (f"{here}.accelerator", f"{here}.flavor"),
                    f"{accelerator} is Vertex AI's name, and flavor vm_gcp wants SkyPilot's",
                    f"Write {skypilots_name(accelerator)}",
                )
        elif accelerator not in MACHINES:
            near = nearest(accelerator, list(MACHINES))
            yield Violation(
                (f"{here}.accelerator", f"{here}.flavor"),
                f"{quoted(accelerator)} is no accelerator of Vertex AI",
                f"Did you mean {near}?" if near else f"There are {', '.join(MACHINES)}",
            )
        elif (family := MACHINES[accelerator]) is not None:
            machine = component.machine_type
            if not (machine or ATTACHED_TO).startswith(family):
                yield Violation(
                    (f"{here}.accelerator", f"{here}.machine_type"),
                    f"{accelerator} isn't to be had with {machine or 'the default machine'}, only "
                    f"with machines whose type begins with {family}",
                    "Change machine_type, or the accelerator",
                )


COMPONENT_RULES: Final = (
    _remote_steps_have_images_and_a_bucket,
    _kubernetes_has_a_cluster,
    _airflow_has_a_folder,
    _images_are_built_where_they_are_pushed_from,
    _deployer_has_images,
    _accelerators_are_named,
    _accelerators_exist_and_fit,
)
