"""``--events``: every event as one JSON object on one line.

    {"schema": "zenstrap/events/1", "event": "step_finished", "time": "2026-11-22T12:00:00.000Z",
     "step": "plan", "outcome": "done", "seconds": 0.3, "detail": "", "subject": null}

The last one, whatever happens, is ``result``, and its ``result`` is the object that ``--json``
prints, with its own schema id.

Fields and events may be added under this schema; none changes its meaning or goes.
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
_PATIENCE = 1.0  # seconds


class NdjsonEvents(Drawing):
    """Writes to a stream; the time is when the event came."""

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
        """No event comes after this: the result is the last line.

        Whoever is writing one has a moment to finish it; a reader that takes none holds up nobody.
        """
        with_lock = self._drawing.acquire(timeout=_PATIENCE)
        self._gone = True
        if with_lock:
            self._drawing.release()


def event_object(event: Event, time: datetime) -> dict[str, object]:
    """The JSON object of one event."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(event).__name__).lower()
    return {**_head(name, time), **asdict(event)}


def result_line(result: dict[str, Any], time: datetime | None = None) -> str:
    """The line that ends the stream."""
    found = {**_head("result", time or datetime.now(UTC)), "result": result}
    return json.dumps(found) + "\n"


def _head(name: str, time: datetime) -> dict[str, object]:
    moment = time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"schema": SCHEMA, "event": name, "time": moment}
