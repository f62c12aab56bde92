"""One line per finished step or change: for logs, pipes and terminals without cursor control."""

from __future__ import annotations

from typing import IO

from zenstrap.events import (
    DONE,
    Event,
    Notice,
    RegistrationWritten,
    ResourceFinished,
    RunStarted,
    StepFinished,
)
from zenstrap.views.sink import Drawing
from zenstrap.views.text import clean, clean_lines, duration, step_title


class PlainLines(Drawing):
    """Writes lines to a stream; needs no rich."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    def draw(self, event: Event) -> None:
        line = line_of(event)
        if line is None:
            return
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self._stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self._stream.flush()


def line_of(event: Event) -> str | None:
    """The line for an event; None for events that aren't shown, such as a start."""
    match event:
        case RunStarted():
            url = f" {clean(event.url)}" if event.url else ""
            return f"run {clean(event.run)}{url}"
        case StepFinished():
            subject = f" {clean(event.subject)}" if event.subject else ""
            detail = f": {clean(event.detail)}" if event.detail else ""
            name = step_title(event.step)
            return f"{event.outcome:<11} {name}{subject} ({duration(event.seconds)}){detail}"
        case ResourceFinished():
            done = DONE[event.action] if event.succeeded else f"{event.action} failed:"
            return f"            {done} {clean(event.address)} ({duration(event.seconds)})"
        case RegistrationWritten():
            return f"            {written(event)}"
        case Notice():
            text = clean_lines(event.text)
            return text if event.level == "info" else f"{event.level}: {text}"
        case _:
            return None


def written(event: RegistrationWritten) -> str:
    """``created component zenml-dev-artifacts``."""
    action = str(event.action)
    return f"{clean(DONE.get(action, action))} {clean(str(event.kind))} {clean(event.name)}"
