"""What an environment on a shelf has beyond what all have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zenstrap.config import Component, EnvironmentConfig, PlatformConfig, Section
from zenstrap.config.fields import AbsoluteFolder, Text
from zenstrap.flavors.base import Flavor, Registered
from zenstrap.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR


class Crate(Component):
    """A container registry of any vendor, a flavor that no other platform has."""

    kind: Literal["container_registry"] = "container_registry"
    flavor: Literal["default"] = Field(description="A registry that is there.")
    address: Text = Field(description="Address of the registry.")


CRATE = Flavor(
    Crate,
    lambda component, made: Registered({"uri": component.address}),
    set_by_zenstrap={"uri": "address"},
)


class Place(Section):
    """Where the shelf is."""

    folder: AbsoluteFolder = Field(description="Folder for everything.")


class ShelfEnvironment(EnvironmentConfig):
    """An environment on a shelf."""

    platform: Literal["shelf"] = Field(description="shelf: folders on this machine.")
    shelf: Place = Field(description="Where it is.")


SHELF = PlatformConfig(
    model=ShelfEnvironment,
    flavors=(LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR, CRATE),
)
