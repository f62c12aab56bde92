"""What is said after a run, of an environment, of its history and of an error."""

from __future__ import annotations

import io

import pytest

from tests.views import examples
from tests.views.conftest import Golden
from zenstrap.errors import (
    ConfigError,
    ConfigProblem,
    InterruptedRunError,
    LockHeldError,
    RefusedError,
    TerraformError,
)
from zenstrap.views.environments_view import environments_table
from zenstrap.views.history_view import plain_history
from zenstrap.views.status_view import EnvironmentStatus, plain_status
from zenstrap.views.summary import RunSummary, Summary, error_text, plain_summary
from zenstrap.views.terminal import console_on, plain
from zenstrap.views.text import duration, shorten

WIDTHS = pytest.mark.parametrize("width", [60, 100])


@WIDTHS
def test_a_run_that_went_well(golden: Golden, width: int) -> None:
    golden(f"summary-{width}.txt", plain_summary(examples.SUMMARY, width=width))


@WIDTHS
def test_a_run_that_failed(golden: Golden, width: int) -> None:
    golden(f"summary-failed-{width}.txt", plain_summary(examples.FAILED, width=width))


@pytest.mark.parametrize("name", ["failed_test", "no_login", "refused", "no_server"])
def test_what_stands_in_the_way_and_the_way_out(golden: Golden, name: str) -> None:
    summary: RunSummary = getattr(examples, name.upper())
    text = plain_summary(summary, width=60)
    golden(f"summary-{name.replace('_', '-')}.txt", text)
    told = summary.failure or summary.refusal
    for command in {told.command, told.go_on, *summary.next} - {""} if told else ():
        assert [line.strip() for line in text.splitlines()].count(command) == 1


@WIDTHS
def test_a_down(golden: Golden, width: int) -> None:
    golden(f"summary-gone-{width}.txt", plain_summary(examples.GONE, width=width))


@WIDTHS
def test_the_status(golden: Golden, width: int) -> None:
    golden(f"status-{width}.txt", plain_status(examples.STATUS, width=width))


@WIDTHS
def test_the_environments(golden: Golden, width: int) -> None:
    golden(f"envs-{width}.txt", plain(environments_table(examples.ENVIRONMENTS), width))


@pytest.mark.parametrize("width", [60, 120])
def test_the_history(golden: Golden, width: int) -> None:
    golden(f"history-{width}.txt", plain_history("prod", examples.RUNS, width=width))


def test_an_environment_that_was_never_run() -> None:
    text = plain_status(EnvironmentStatus("dev", "gcp"))
    assert "No run yet." in text and "No stack is registered." in text
    assert plain_history("dev", ()) == "No run of dev yet.\n"


def test_a_sensitive_output_is_never_shown_even_if_its_value_came_along() -> None:
    assert "<sensitive>" in plain_summary(examples.SUMMARY)
    assert "never shown" not in plain_summary(examples.SUMMARY)


def test_what_is_there_to_be_copied_stays_on_one_line() -> None:
    long = "python run.py --env " + "x" * 200
    summary = RunSummary("prod", "up", 1.0, run="r", url="http://" + "u" * 200, next=(long,))
    assert f"  {long}\n" in plain_summary(summary, width=60)
    stream = io.StringIO()
    console_on(stream).print(Summary(summary))
    assert f"  {long}\n" in stream.getvalue()
    assert f"  {summary.url}\n" in stream.getvalue()


def test_the_steps_are_left_out_where_the_live_tree_shows_them() -> None:
    assert "Steps" not in plain_summary(examples.SUMMARY, with_steps=False)


@pytest.mark.parametrize("headline", ["", "It works."])
def test_the_shortest_summary(headline: str) -> None:
    text = plain_summary(RunSummary("dev", "down", 1.0, headline=headline))
    assert text == f"\n{headline[:-1] or 'down of dev done'} (1.0 s)\n"


def test_errors(golden: Golden) -> None:
    wrapped = RuntimeError("step failed")
    wrapped.__cause__ = LockHeldError(
        "anna is changing prod", where="lease on prod", why="her run holds it", fix="wait for it"
    )
    problems = [ConfigProblem("configs/environments/dev.yaml", 3, "stak", "is no key", "Use stack")]
    errors: list[BaseException] = [
        wrapped,
        TerraformError("it said no", why="line one\nline two"),
        ConfigError(problems),
        InterruptedRunError("interrupted"),
        RefusedError("no", fix="Read the plan.", command="python run.py up --env prod --yes"),
        RefusedError("no", command="python run.py up --env prod --yes"),
        KeyboardInterrupt(),
        ValueError("a bug"),
        ValueError(),
    ]
    golden("errors.txt", "\n".join(map(error_text, errors)))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (3599.7, "1 h 00 min"),
        (3720, "1 h 02 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("width", range(12))
def test_a_shortened_text_is_as_long_as_asked(width: int) -> None:
    assert len(shorten("abcdefghijkl", width)) == width
    assert shorten("abc", 3) == "abc"
