"""What a command was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zenstrap.cli.telling import Telling

if TYPE_CHECKING:
    from zenstrap.config.violations import Placed


@dataclass(frozen=True)
class Options:
    """What every command was given.

    Attributes:
        name: of the environment, where it isn't the file's.
        json: one JSON object on standard output at the end.
        events: one JSON object per event on standard output.
        debug: tracebacks, and what ZenML logs.
        yes: answer every question with yes.
        adopt: names of registrations that may be taken over.
        this_zenml: go on although the environment was registered in another ZenML.
        warnings: what is to be said of the files of the configuration.
        telling: where the result goes.
        told: whose configuration it is, where it isn't that of the files.
        placed: finds file and line of what is found to be wrong in the configuration later;
            None where it isn't that of the files.
    """

    environment: str
    name: str | None = None
    json: bool = False
    events: bool = False
    debug: bool = False
    yes: bool = False
    adopt: tuple[str, ...] = ()
    this_zenml: bool = False
    warnings: tuple[str, ...] = ()
    telling: Telling = field(default_factory=Telling)
    told: str = ""
    placed: Placed | None = None
