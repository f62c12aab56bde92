"""What every part of a configuration is, and what every stack component has."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from zenstrap.config.fields import Version
from zenstrap.config.names import ComponentKind


class Section(BaseModel):
    """Part of a configuration: unknown keys are refused, nothing changes once it is read."""

    # Built when first used: importing is fast, and parts that are never checked alone cost nothing.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def is_written(self, field: str) -> bool:
        """Whether somebody wrote a value other than null."""
        return field in self.model_fields_set and getattr(self, field) is not None


class Component(Section):
    """A stack component. Each flavor has a class of its own, with the settings that it takes.

    A setting that is null has the flavor's default.
    """

    kind: ComponentKind = Field(
        description="Kind of component; the default is the component's name."
    )
    version: Version = Field(
        description="Version of this component. It changes only when this component changes."
    )
    flavor: str = Field(description="ZenML's name of the flavor.")
    settings: dict[str, Any] | None = Field(
        default=None,
        description="Settings of the flavor in ZenML's own words, beyond the keys here.",
    )
