"""The flavors of this machine: a folder, ZenML's own orchestrator, Docker."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.section import Component
from zenstrap.flavors.base import Flavor, Registered


class LocalArtifactStore(Component):
    """A folder of this machine as artifact store."""

    kind: Literal["artifact_store"] = "artifact_store"
    flavor: Literal["local"] = Field(description="A folder on this machine.")


class LocalOrchestrator(Component):
    """Runs pipelines in the process that starts them."""

    kind: Literal["orchestrator"] = "orchestrator"
    flavor: Literal["local"] = Field(description="The machine that starts the pipeline.")


class LocalImageBuilder(Component):
    """Builds images with the Docker of this machine."""

    kind: Literal["image_builder"] = "image_builder"
    flavor: Literal["local"] = Field(description="Docker on the machine that starts the pipeline.")


def _store(component: LocalArtifactStore, path: str) -> Registered:
    return Registered({"path": path})


def _nothing(component: Component, made: object) -> Registered:
    return Registered({})


LOCAL_ARTIFACT_STORE: Final = Flavor(
    LocalArtifactStore, _store, set_by_zenstrap={"path": None}, example="/example"
)
LOCAL_ORCHESTRATOR: Final = Flavor(LocalOrchestrator, _nothing)
LOCAL_IMAGE_BUILDER: Final = Flavor(LocalImageBuilder, _nothing)
