"""``--events``: every event as one JSON object on one line.

    {"schema": "zenstrap/events/1", "event": "step_finished", "time": "2026-11-22T12:00:00.000Z",
     "step": "plan", "outcome": "done", "seconds": 0.3, "detail": "", "subject": null}

The last event is always ``result``; its ``result`` is the object that ``--json`` prints, with its
own schema id.

Fields and events may be added under this schema; none changes its meaning or is removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any

from zenstrap.events import Event
from zenstrap.views.sink import Drawing

SCHEMA = "zenstrap/events/1"
_LOCK_TIMEOUT = 1.0  # seconds


class NdjsonEvents(Drawing):
    """Writes events to a stream, each with the time at which it arrived."""

    def __init__(
        self, stream: IO[str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__()
        self._stream = stream
        self._clock = clock

    def draw(self, event: Event) -> None:
        self._stream.write(json.dumps(event_object(event, self._clock())) + "\n")
        self._stream.flush()

    def stop(self) -> None:
        """Write no event after this: the result is the last line.

        A thread that is writing an event has ``_LOCK_TIMEOUT`` to finish it; a reader that doesn't
        read can't block the run longer than that.
        """
        with_lock = self._drawing.acquire(timeout=_LOCK_TIMEOUT)
        self._gone = True
        if with_lock:
            self._drawing.release()


def event_object(event: Event, time: datetime) -> dict[str, object]:
    """The JSON object of one event."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    return {**_head(name, time), **asdict(event)}


def result_line(result: dict[str, Any], time: datetime | None = None) -> str:
    """The line that ends the stream."""
    event = {**_head("result", time or datetime.now(UTC)), "result": result}
    return json.dumps(event) + "\n"


def _head(name: str, time: datetime) -> dict[str, object]:
    moment = time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"schema": SCHEMA, "event": name, "time": moment}
