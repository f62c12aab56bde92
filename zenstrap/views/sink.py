"""The base of every view of a running run: receives events, starts, stops and pauses.

Events come from several threads, and from a signal handler that may interrupt this very code. So
an event is only put into a queue, and the thread that gets the lock draws all queued events.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, Self

from zenstrap.events import (
    DONE,
    Emit,
    Event,
    RegistrationWritten,
    ResourceFinished,
    RunStarted,
    StepFinished,
    StepStarted,
)


class View(Protocol):
    """A sink (``Emit``) that is started before a run and stopped after it."""

    def __call__(self, event: Event) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Not drawn during a prompt."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Drawing:
    """Base of the views: draws one event at a time, from whatever thread it comes.

    A closed stream (a closed terminal, a broken pipe) ends the drawing, never the run.
    """

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._drawing = threading.Lock()
        self._gone = False

    def draw(self, event: Event) -> None:
        """Show one event; calls never overlap."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to draw."""

    def stop(self) -> None:
        """Draw the remaining events and leave the final state visible."""

    def __call__(self, event: Event) -> None:
        self._queue.append(event)
        self._drain()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Not drawn during a prompt."""
        yield

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _drain(self) -> None:
        # The queue is checked again after the lock is released, so that an event that arrives in
        # between is drawn, too.
        while self._queue and self._drawing.acquire(blocking=False):
            try:
                while self._queue:
                    event = self._queue.popleft()
                    if not self._gone:
                        self._try_to_draw(event)
            finally:
                self._drawing.release()

    def _try_to_draw(self, event: Event) -> None:
        try:
            self.draw(event)
        except (OSError, ValueError):  # ValueError: the stream is closed
            self._gone = True


class Recorder:
    """Keeps those events of a run that the summary needs.

    Attributes:
        running: the steps that have started and not finished.
        effects: by step, how many changes of each kind it has made so far, such as ``created``.
    """

    def __init__(self) -> None:
        self.steps: list[StepFinished] = []
        self.running: list[StepStarted] = []
        self.effects: dict[str, Counter[str]] = {}
        self.url: str | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case StepStarted():
                self.running.append(event)
            case StepFinished():
                self.steps.append(event)
                begun = StepStarted(event.step, event.subject)
                self.running = [step for step in self.running if step != begun]
            case ResourceFinished(succeeded=True):
                self._count(DONE[event.action])
            case RegistrationWritten():
                self._count(DONE.get(event.action, event.action))
            case RunStarted():
                self.url = event.url

    def _count(self, effect: str) -> None:
        if self.running:
            self.effects.setdefault(self.running[-1].step, Counter())[effect] += 1


def tee(*sinks: Emit) -> Emit:
    """One sink that passes every event to all of these."""

    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit
