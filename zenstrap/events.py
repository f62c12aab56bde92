"""What happens during a run, as data. Everything that people or scripts see is drawn from these.

Producers call a sink (``Emit``); renderers in ``zenstrap.views`` are sinks. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

# warned: it is done, and something in it isn't as it should be.
Outcome = Literal["done", "warned", "skipped", "failed", "interrupted"]
ResourceAction = Literal["create", "update", "replace", "destroy"]
# What has become of something after an action of Terraform's or on a registration.
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
    """The pipeline's run exists now; ``url`` is its dashboard page where a server serves one."""

    environment: str
    command: str
    run: str
    url: str | None = None


@dataclass(frozen=True)
class StepStarted:
    step: str
    subject: str | None = (
        None  # what the step is about where it runs more than once: a stack's name
    )


@dataclass(frozen=True)
class StepFinished:
    step: str
    outcome: Outcome
    seconds: float
    detail: str = ""
    subject: str | None = None


@dataclass(frozen=True)
class ResourceStarted:
    """Terraform began to change one resource."""

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
    """A sink for callers that show nothing."""
