"""The machine of a step on Google Cloud: its settings, and the known accelerators."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from zenstrap.config.fields import Count, Text
from zenstrap.config.google_fields import MachineType, Region
from zenstrap.config.names import nearest, quoted
from zenstrap.config.section import Component
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.base import Settings, set_only

# The most that one of Google's machines has. https://cloud.google.com/compute/docs/gpus,
# https://cloud.google.com/compute/docs/disks/persistent-disks; TPUs are counted by the slice.
AcceleratorCount = Annotated[Count, Field(le=256)]
DiskSize = Annotated[Count, Field(le=65_536)]

# The smallest general-purpose machine of Vertex AI: a smoke test is for the stack, not its machine.
# https://cloud.google.com/vertex-ai/docs/training/configure-compute#machine-types
SMALL_MACHINE: Final = "e2-standard-4"

# Vertex AI's names are those of the AcceleratorType in google-cloud-aiplatform, which takes
# seconds to import; a test compares.
# https://cloud.google.com/vertex-ai/docs/training/configure-compute
# By name: the prefix of the machine types that have the accelerator; None: not checked.
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
# Attached to a machine on request; the other accelerators are part of it. Also Vertex AI's own
# default.
ATTACHED_TO: Final = "n1-"


class OnMachines(Component):
    """A component that runs each step on one of Google's machines."""

    location: Region | None = Field(
        default=None, description="Region in which steps run; null: gcp.region."
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


def machine_settings(component: OnMachines) -> Settings:
    """The machine of a Vertex AI job, with the names of its API."""
    count = component.accelerator_count or 1
    return set_only(
        machine_type=component.machine_type,
        accelerator_type=component.accelerator,
        accelerator_count=count if component.accelerator else None,
        boot_disk_size_gb=component.boot_disk_gb,
    )


def skypilots_name(accelerator: str) -> str:
    """SkyPilot's name for a Vertex AI accelerator, such as T4 or A100-80GB."""
    return accelerator.removeprefix("NVIDIA_").removeprefix("TESLA_").replace("_", "-")


def accelerator_is_named(at: str, component: OnMachines) -> Violations:
    """accelerator_count needs an accelerator."""
    if component.accelerator is None and component.accelerator_count is not None:
        yield Violation(
            (f"{at}.accelerator_count", f"{at}.accelerator"),
            "is set, but accelerator isn't",
            "Add accelerator: NVIDIA_TESLA_T4",
        )


def vertex_has_the_accelerator(at: str, component: OnMachines) -> Violations:
    """The accelerator's name and its machine type are valid for Vertex AI."""
    yield from accelerator_is_named(at, component)
    accelerator, machine = component.accelerator, component.machine_type
    if accelerator is None:
        return
    if accelerator not in MACHINES:
        near = nearest(accelerator, list(MACHINES))
        yield Violation(
            (f"{at}.accelerator", f"{at}.flavor"),
            f"{quoted(accelerator)} is not an accelerator of Vertex AI",
            f"Did you mean {near}?" if near else f"Valid names: {', '.join(MACHINES)}",
        )
        return
    family = MACHINES[accelerator]
    if family is not None and not (machine or ATTACHED_TO).startswith(family):
        yield Violation(
            (f"{at}.accelerator", f"{at}.machine_type"),
            f"{accelerator} isn't available with {machine or 'the default machine'}, only "
            f"with machines whose type begins with {family}",
            "Change machine_type, or the accelerator",
        )


def skypilot_has_the_accelerator(at: str, component: OnMachines) -> Violations:
    """SkyPilot has its own names for accelerators."""
    yield from accelerator_is_named(at, component)
    if component.accelerator in MACHINES:
        yield Violation(
            (f"{at}.accelerator", f"{at}.flavor"),
            f"{component.accelerator} is Vertex AI's name, but flavor vm_gcp needs SkyPilot's",
            f"Write {skypilots_name(component.accelerator)}",
        )
