"""The options of a command."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zenstrap.cli.telling import Telling

if TYPE_CHECKING:
    from zenstrap.config.violations import Placed


@dataclass(frozen=True)
class Options:
    """Options that several commands share.

    Attributes:
        name: the environment's name, if it differs from the file's.
        json: print one JSON object on standard output at the end.
        events: print one JSON object per event on standard output.
        debug: show tracebacks and ZenML's log.
        yes: answer every question with yes.
        adopt: names of registrations that may be taken over.
        this_zenml: continue although the environment was registered in another ZenML.
        warnings: warnings about the configuration files.
        telling: writes the result.
        config_notice: which run the configuration is from; empty if it is from the files.
        placed: finds the file and line of what is wrong in the configuration; None if it isn't
            from the files.
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
    config_notice: str = ""
    placed: Placed | None = None
