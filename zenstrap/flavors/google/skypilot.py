"""SkyPilot on Compute Engine as orchestrator."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from zenstrap.config.fields import Flag
from zenstrap.flavors.base import Registered, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made
from zenstrap.flavors.google.machines import (
    SMALL_MACHINE,
    OnMachines,
    skypilot_has_the_accelerator,
)

IDLE_MINUTES: Final = 5  # after which SkyPilot takes an idle machine down


class SkyPilot(OnMachines):
    """SkyPilot on Compute Engine as orchestrator."""

    kind: Literal["orchestrator"] = "orchestrator"
    flavor: Literal["vm_gcp"] = Field(description="SkyPilot on Compute Engine.")
    use_spot: Flag | None = Field(
        default=None, description="Use spot machines, which are cheaper and may be taken away."
    )


def _registered(component: SkyPilot, made: Made) -> Registered:
    return Registered(
        set_only(
            project=made.project,
            region=made.location_of(component.location),
            instance_type=component.machine_type,
            accelerators=_counted(component),
            disk_size=component.boot_disk_gb,
            use_spot=component.use_spot,
        )
    )


def _counted(component: SkyPilot) -> str | None:
    if component.accelerator is None:
        return None
    return f"{component.accelerator}:{component.accelerator_count or 1}"


def _training(seconds: int) -> dict[str, Any]:
    return {
        "instance_type": SMALL_MACHINE,
        "accelerators": None,
        "down": True,
        "idle_minutes_to_autostop": IDLE_MINUTES,
    }


SKYPILOT: Final = GoogleFlavor(
    SkyPilot,
    _registered,
    set_by_zenstrap={
        "project": "gcp.project_id",
        "region": "location",
        "instance_type": "machine_type",
        "accelerators": "accelerator",
        "disk_size": "boot_disk_gb",
        "use_spot": "use_spot",
    },
    rules=skypilot_has_the_accelerator,
    runs_elsewhere=True,
    resource_type="gcp-generic",
    training_settings=_training,
    apis=frozenset({"compute.googleapis.com"}),
    roles=("skypilot",),
    custom_roles=("skypilot",),
    hands_out_key=True,
)
