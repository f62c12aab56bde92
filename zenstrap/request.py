"""What was asked of a run: a parameter of its pipeline, shown with the run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    """What a run may do beyond its configuration. No secret.

    Attributes:
        approved: who started it has agreed to its plan, whatever it is (``--yes``).
        adopt: names of other people's registrations that may be taken over (``--adopt``).
        project: rollback: the ML project whose alias moves; None for the base stack's.
        to: rollback: the version; None for the one before.
        smoke_test: rollback: test the version before the alias moves.
        this_zenml: go on although the environment was registered in another ZenML.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approved: bool = False
    adopt: tuple[str, ...] = Field(default=())
    project: str | None = None
    to: str | None = None
    smoke_test: bool = True
    this_zenml: bool = False


PLAIN = Request()
"""Nothing beyond the configuration."""
