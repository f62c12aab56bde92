"""A run while it goes on: the live tree, plain lines, JSON lines, and who gets which."""

from __future__ import annotations

import io
import json
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from rich.console import Console

from tests.views import examples
from tests.views.conftest import Golden
from zenstrap.events import (
    Event,
    Notice,
    ResourceFinished,
    ResourceStarted,
    StepFinished,
    StepStarted,
)
from zenstrap.views.live import LiveTree, Tree
from zenstrap.views.ndjson import NdjsonEvents
from zenstrap.views.plain import PlainLines
from zenstrap.views.select import select
from zenstrap.views.sink import Drawing, Recorder, View, tee
from zenstrap.views.terminal import SteadyConsole


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def picture(tree: Tree, *, width: int = 80, height: int = 40) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, color_system=None, emoji=False)
    console.print(tree)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def tree_after(events: tuple[Event, ...], clock: Clock | None = None) -> Tree:
    tree = Tree(clock or Clock())
    for event in events:
        tree.take(event)
    return tree


@pytest.mark.parametrize("width", [60, 100])
def test_the_tree_in_the_middle_of_a_run(golden: Golden, width: int) -> None:
    clock = Clock()
    tree = tree_after(examples.EVENTS[:7], clock)
    clock.now += 3
    for event in examples.EVENTS[7:10]:
        tree.take(event)
    clock.now += 2.5
    golden(f"tree-running-{width}.txt", picture(tree, width=width))


@pytest.mark.parametrize("width", [60, 100])
def test_the_tree_at_the_end(golden: Golden, width: int) -> None:
    tree = tree_after(examples.EVENTS)
    tree.moving = False
    golden(f"tree-finished-{width}.txt", picture(tree, width=width))


def test_a_high_tree_shows_its_end_while_it_moves_and_everything_when_it_stops() -> None:
    started = [ResourceStarted(f"resource.{n}", "create") for n in range(30)]
    tree = tree_after((StepStarted("provision"), *started))
    moving = picture(tree, height=10)
    assert len(moving.splitlines()) == 9
    assert "lines above" in moving and "resource.29" in moving and "resource.0 " not in moving
    tree.moving = False
    assert len(picture(tree, height=10).splitlines()) == 31


def test_finished_resources_are_counted_so_that_running_ones_stay_in_sight() -> None:
    done = [ResourceFinished(f"resource.{n}", "create", 1.0) for n in range(10)]
    tree = tree_after((StepStarted("provision"), *done, ResourceStarted("resource.slow", "create")))
    seen = picture(tree)
    assert "6 done" in seen and "resource.9 created" in seen and "resource.5 " not in seen


def test_a_tree_that_missed_the_starts_is_still_right() -> None:
    """Events of a resource or step whose start was never told."""
    tree = tree_after(
        (ResourceFinished("a.b", "destroy", 1.0), StepFinished("destroy", "done", 2.0))
    )
    assert "a.b destroyed" in picture(tree) and "destroy" in picture(tree)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii", errors="backslashreplace")
    tree = tree_after(examples.EVENTS)
    tree.moving = False
    Console(file=stream, width=100, color_system=None).print(tree)
    stream.flush()
    seen = written.getvalue().decode("ascii")
    assert "ok load config" in seen.replace("  ", " ") and "x " in seen


def live_on(stream: Terminal, height: int = 40) -> LiveTree:
    console = SteadyConsole(
        file=stream, width=100, height=height, force_terminal=True, color_system=None
    )
    return LiveTree(console, Clock())


def test_the_live_tree_leaves_the_finished_picture_and_notices_above() -> None:
    stream = Terminal()
    with live_on(stream) as view:
        for event in examples.EVENTS:
            view(event)
    final = stream.getvalue().rpartition("\x1b[2K")[2]
    assert "✓  load config" in final and "✗  provision" in final
    assert "Labels of the bucket take a minute to show." in stream.getvalue()
    assert stream.getvalue().count("\x1b[?25h") == 1, "the cursor is shown again"


def test_a_question_stands_alone_and_no_finished_step_is_drawn_twice() -> None:
    stream = Terminal()
    view = live_on(stream)
    view.start()
    view(StepStarted("plan"))
    view(StepFinished("plan", "done", 1.0))
    view(StepStarted("gate"))
    with view.paused():
        before = stream.getvalue()
        assert "gate" not in before.rpartition("\x1b[2K")[2]
        view(Notice("Interrupted: finishing"))
        assert "Interrupted: finishing\n" in stream.getvalue(), "told while somebody is asked"
        asked = len(stream.getvalue())
    view(StepFinished("gate", "done", 1.0))
    view.stop()
    after = stream.getvalue()[asked:]
    assert "gate" in after and "plan" not in after


def test_a_tree_higher_than_the_terminal_is_complete_when_it_has_stopped() -> None:
    stream = Terminal()
    with live_on(stream, height=10) as view:
        view(StepStarted("provision"))
        for number in range(30):
            view(ResourceFinished(f"resource.{number}", "create", 1.0))
        view(StepFinished("provision", "done", 2.0))
    final = stream.getvalue().rpartition("\x1b[2K")[2]
    assert all(f"resource.{number} created" in final for number in range(30))


def test_starting_and_stopping_twice_is_harmless() -> None:
    view = live_on(Terminal())
    view.start()
    view.start()
    view.stop()
    view.stop()


def test_plain_lines(golden: Golden) -> None:
    stream = io.StringIO()
    with PlainLines(stream) as view:
        for event in examples.EVENTS:
            view(event)
    golden("plain-lines.txt", stream.getvalue())


def test_events_as_json_lines(golden: Golden) -> None:
    stream = io.StringIO()
    clock = iter(examples.NOON.replace(second=n) for n in range(60))
    with NdjsonEvents(stream, lambda: next(clock)) as view:
        for event in examples.EVENTS:
            view(event)
    golden("events.ndjson", stream.getvalue())
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(found) == len(examples.EVENTS)
    assert {line["schema"] for line in found} == {"zenstrap/events/1"}
    assert datetime.fromisoformat(found[0]["time"]) == examples.NOON


@pytest.mark.parametrize(
    ("stderr", "events", "environ", "expected"),
    [
        (Terminal(), False, {"TERM": "xterm"}, LiveTree),
        (Terminal(), False, {"TERM": "xterm", "NO_COLOR": "1"}, LiveTree),
        (Terminal(), False, {"TERM": "dumb"}, PlainLines),
        (Terminal(), False, {"TERM": "xterm", "CI": "true"}, PlainLines),
        (io.StringIO(), False, {"TERM": "xterm", "FORCE_COLOR": "1"}, PlainLines),
        (Terminal(), True, {"TERM": "xterm"}, NdjsonEvents),
        (io.StringIO(), True, {}, NdjsonEvents),
    ],
)
def test_who_gets_which_view(
    stderr: io.StringIO, events: bool, environ: dict[str, str], expected: type[View]
) -> None:
    view = select(stderr, io.StringIO(), events=events, environ=environ)
    assert type(view) is expected


def test_json_lines_go_to_stdout_and_nothing_to_stderr() -> None:
    stdout, stderr = io.StringIO(), Terminal()
    with select(stderr, stdout, events=True) as view:
        view(Notice("hello"))
    assert stderr.getvalue() == ""
    assert json.loads(stdout.getvalue())["text"] == "hello"


class Slow(Drawing):
    """Draws while something else happens in the middle of it."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[Event] = []
        self.inside = False
        self.meanwhile: Iterator[Event] = iter(())

    def draw(self, event: Event) -> None:
        assert not self.inside, "two events are drawn at a time"
        self.inside = True
        for other in self.meanwhile:
            self(other)
        self.drawn.append(event)
        self.inside = False


def test_an_event_from_a_signal_handler_waits_for_the_one_being_drawn() -> None:
    """As when Ctrl-C comes in the middle of drawing: no deadlock, no mixed lines, nothing lost."""
    view, first, second = Slow(), Notice("first"), Notice("second")

    def drawing_is_interrupted() -> Iterator[Event]:
        signal.raise_signal(signal.SIGUSR1)
        return
        yield

    before = signal.signal(signal.SIGUSR1, lambda *_: view(second))
    try:
        view.meanwhile = drawing_is_interrupted()
        view(first)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert view.drawn == [first, second]


def test_events_of_many_threads_are_all_drawn_one_at_a_time() -> None:
    view = Slow()
    notices = [Notice(str(n)) for n in range(400)]
    ready = threading.Barrier(4)

    def emit(part: list[Notice]) -> None:
        ready.wait(timeout=10)
        for notice in part:
            view(notice)

    threads = [threading.Thread(target=emit, args=(notices[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert {event.text for event in view.drawn if isinstance(event, Notice)} == {
        notice.text for notice in notices
    }
    assert len(view.drawn) == 400


class Gone(Terminal):
    """A terminal whose window was closed, or a pipe that nobody reads."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    def write(self, text: str) -> int:
        raise self._error

    def flush(self) -> None:
        raise self._error


# What rich's own thread meets is its own affair: it ends, and nothing else does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "Input/output error")])
@pytest.mark.parametrize("make", [PlainLines, NdjsonEvents, live_on])
def test_a_stream_that_is_gone_does_not_end_the_run(
    make: Callable[[Terminal], View], error: OSError
) -> None:
    view = make(Gone(error))
    with view:
        for event in examples.EVENTS:
            view(event)
        with view.paused():
            pass


def test_a_recorder_keeps_what_the_summary_needs() -> None:
    recorder = Recorder()
    seen: list[Event] = []
    sink = tee(recorder, seen.append)
    for event in examples.EVENTS:
        sink(event)
    assert recorder.url == "http://127.0.0.1:8237/runs/1"
    assert [step.step for step in recorder.steps][:3] == ["load_config", "plan", "provision"]
    assert seen == list(examples.EVENTS)


def test_no_event_comes_after_the_result() -> None:
    stream = io.StringIO()
    view = NdjsonEvents(stream)
    view(StepStarted("plan"))
    view.stop()
    view(StepFinished("plan", "interrupted", 1.0))
    assert len(stream.getvalue().splitlines()) == 1
