"""Base classes of every section of a configuration, and of every stack component."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from zenstrap.config.fields import Version
from zenstrap.config.names import ComponentKind


class Section(BaseModel):
    """A section of a configuration: immutable, and unknown keys are refused."""

    # Validators are built when first used, so that importing stays fast.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def is_written(self, field: str) -> bool:
        """Whether a key is set explicitly, to a value other than null."""
        return field in self.model_fields_set and getattr(self, field) is not None


class Component(Section):
    """A stack component. Each flavor has its own class with the settings that it accepts.

    A null setting means the flavor's default.
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
        description="Further settings of the flavor, with ZenML's own names.",
    )
