"""What an environment on a shelf has beyond what all have."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from zenstrap.config import EnvironmentConfig, PlatformConfig
from zenstrap.config.components import Section
from zenstrap.config.fields import AbsoluteFolder


class Place(Section):
    """Where the shelf is."""

    folder: AbsoluteFolder = Field(description="Folder for everything.")


class ShelfEnvironment(EnvironmentConfig):
    """An environment on a shelf."""

    platform: Literal["shelf"] = Field(description="shelf: folders on this machine.")
    shelf: Place = Field(description="Where it is.")


SHELF = PlatformConfig(
    model=ShelfEnvironment,
    flavors={"artifact_store": ("local",), "orchestrator": ("local",)},
)
