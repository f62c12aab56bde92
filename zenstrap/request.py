"""A run's request: a parameter of its pipeline, shown with the run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    """The options of a run in addition to its configuration. No secret.

    Attributes:
        approved: the user approved the plan in advance (``--yes``).
        adopt: names of other users' registrations that may be taken over (``--adopt``).
        project: rollback: the ML project whose alias moves; None for the base stack's.
        to: rollback: the version; None for the previous one.
        smoke_test: rollback: test the version before the alias moves.
        this_zenml: continue although the environment is registered in another ZenML.
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
