"""Which accelerators there are, and which machines have them.

Vertex AI's names are those of the AcceleratorType in google-cloud-aiplatform, which takes seconds
to import; a test compares. https://cloud.google.com/vertex-ai/docs/training/configure-compute
"""

from __future__ import annotations

from typing import Final

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
