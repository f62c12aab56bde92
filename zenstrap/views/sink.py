"""What every view of a running run has in common: it takes events, starts, stops and pauses.

Events come from several threads, and from a signal handler that may have interrupted this very
code. So an event is only put into a queue, and whoever finds nobody drawing draws them all.
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
    """A sink (``Emit``) with a life: started before a run, stopped after it."""

    def __call__(self, event: Event) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way while somebody is asked something."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class Drawing:
    """Base of the views: one event after the other, whoever brings them.

    A stream that is gone (a closed terminal, a broken pipe) ends the drawing and never the run.
    """

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._drawing = threading.Lock()
        self._gone = False

    def draw(self, event: Event) -> None:
        """Show one event; never called twice at a time."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin to draw."""

    def stop(self) -> None:
        """Draw what is left and leave the finished picture."""

    def __call__(self, event: Event) -> None:
        self._queue.append(event)
        self._drain()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way while somebody is asked something."""
        yield

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _drain(self) -> None:
        # Whoever holds the lock looks at the queue once more after giving it back, so an event
        # that comes in between is never left lying.
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
    """Keeps what the summary needs of a run's events.

    Attributes:
        running: the steps that have begun and not ended.
        effects: what each step has changed so far, in words: ``created`` and how often.
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
    """One sink that hands every event to all of these."""

    def emit(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return emit
