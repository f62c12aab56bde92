"""The events of a run, as data. All output, for people or scripts, is rendered from them.

Producers call a sink (``Emit``); renderers in ``zenstrap.views`` are sinks. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

# warned: it is done, but with a problem.
Outcome = Literal["done", "warned", "skipped", "failed", "interrupted"]
ResourceAction = Literal["create", "update", "replace", "destroy"]
# The past participle of each action of Terraform's or on a registration.
DONE: Mapping[str, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "destroy": "destroyed",
    "adopt": "adopted",
    "promote": "promoted",
    "mark": "marked",
    "delete": "deleted",
}


@dataclass(frozen=True)
class RunStarted:
    """The pipeline's run was created; ``url`` is its dashboard page, if a server is connected."""

    environment: str
    command: str
    run: str
    url: str | None = None


@dataclass(frozen=True)
class StepStarted:
    step: str
    subject: str | None = None  # of a step that runs more than once: the name of its stack


@dataclass(frozen=True)
class StepFinished:
    step: str
    outcome: Outcome
    seconds: float
    detail: str = ""
    subject: str | None = None


@dataclass(frozen=True)
class ResourceStarted:
    """Terraform started to change one resource."""

    address: str
    action: ResourceAction


@dataclass(frozen=True)
class ResourceProgress:
    address: str
    action: ResourceAction
    seconds: float


@dataclass(frozen=True)
class ResourceFinished:
    address: str
    action: ResourceAction
    seconds: float
    succeeded: bool = True


@dataclass(frozen=True)
class RegistrationWritten:
    """One thing in ZenML's registry was created, updated, moved or deleted."""

    kind: str
    name: str
    action: str


@dataclass(frozen=True)
class Notice:
    """Something a person should read: a warning, or plain information."""

    text: str
    level: Literal["info", "warning", "error"] = "info"


Event = (
    RunStarted
    | StepStarted
    | StepFinished
    | ResourceStarted
    | ResourceProgress
    | ResourceFinished
    | RegistrationWritten
    | Notice
)
Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A sink that discards events."""
