"""The configuration that a run recorded, read again by this version."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError

from zenstrap.config.models import EnvironmentConfig
from zenstrap.errors import UsageError

SCHEMA: Final = 1
"""Of what a run records. It goes up with each change after which an older version would misread a
configuration; what runs recorded before there were numbers reads like 1."""


def read_recorded(content: object, schema: int, *, run: str) -> EnvironmentConfig:
    """A run's configuration, for whoever looks at what it made or takes it away.

    The rules aren't applied: an older version may have had others, and what it made is there.

    Args:
        content: the parameter of its pipeline, as JSON.
        schema: that it was written with; 0 where it says none.
        run: the run's name, for people.

    Raises:
        UsageError: a newer zenstrap wrote it, or it isn't valid any more.
    """
    if schema > SCHEMA:
        raise UsageError(
            f"a newer zenstrap recorded the configuration of run {run}",
            why=f"It has schema {schema}, and this version knows {SCHEMA}",
            fix="Use that version, or put the environment's file back",
        )
    try:
        return EnvironmentConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"the configuration that run {run} recorded isn't valid any more",
            where=place or None,
            why=str(first["msg"]),
            fix="Put the environment's file back, and mend that in it",
        ) from error
