"""Whatever stands in a name or value: no terminal is steered, no markup read, no page changed."""

from __future__ import annotations

import io
import re
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.views import examples
from tests.views.page import Page
from zenstrap.errors import ConfigError, ConfigProblem, ZenstrapError
from zenstrap.events import Event, Notice
from zenstrap.reports import Check, PreflightReport
from zenstrap.views.history_view import plain_history
from zenstrap.views.html import render
from zenstrap.views.json_view import dumps, error_object, plan_object, run_object, status_object
from zenstrap.views.live import LiveTree
from zenstrap.views.ndjson import NdjsonEvents
from zenstrap.views.plain import PlainLines
from zenstrap.views.plan_table import plain_plan
from zenstrap.views.status_view import plain_status
from zenstrap.views.summary import error_text, plain_summary
from zenstrap.views.terminal import console_on
from zenstrap.views.text import clean, clean_lines

HOSTILE = examples.HOSTILE


def drawn_live() -> str:
    stream = io.StringIO()
    view = LiveTree(console_on(stream))
    with view:
        for event in examples.HOSTILE_EVENTS:
            view(event)
    return stream.getvalue()


def drawn_plain(*events: Event) -> str:
    stream = io.StringIO()
    view = PlainLines(stream)
    for event in events:
        view(event)
    return stream.getvalue()


def drawn_ndjson() -> str:
    stream = io.StringIO()
    view = NdjsonEvents(stream)
    for event in examples.HOSTILE_EVENTS:
        view(event)
    return stream.getvalue()


def error() -> ZenstrapError:
    return ZenstrapError(HOSTILE, where=HOSTILE, why=HOSTILE, fix=HOSTILE)


SEEN: dict[str, Callable[[], str]] = {
    "plan": lambda: plain_plan(examples.HOSTILE_PLAN),
    "summary": lambda: plain_summary(examples.HOSTILE_SUMMARY),
    "status": lambda: plain_status(examples.HOSTILE_STATUS),
    "history wide": lambda: plain_history(HOSTILE, [examples.HOSTILE_RUN], width=200),
    "history narrow": lambda: plain_history(HOSTILE, [examples.HOSTILE_RUN], width=60),
    "history of none": lambda: plain_history(HOSTILE, []),
    "error": lambda: error_text(error()),
    "config error": lambda: error_text(
        ConfigError([ConfigProblem(HOSTILE, 1, HOSTILE, HOSTILE, HOSTILE)])
    ),
    "unknown error": lambda: error_text(ValueError(HOSTILE)),
    "live tree": drawn_live,
    "plain lines": lambda: drawn_plain(*examples.HOSTILE_EVENTS),
    "json lines": drawn_ndjson,
    "json plan": lambda: dumps(plan_object(examples.HOSTILE_PLAN)),
    "json run": lambda: dumps(run_object(examples.HOSTILE_SUMMARY, examples.HOSTILE_PLAN)),
    "json status": lambda: dumps(status_object([examples.HOSTILE_STATUS])),
    "json error": lambda: dumps(error_object(error())),
}


@pytest.mark.parametrize("name", list(SEEN))
def test_no_control_character_gets_through(name: str) -> None:
    seen = SEEN[name]()
    unsafe = {c for c in seen if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert not unsafe


@pytest.mark.parametrize("name", [name for name in SEEN if not name.startswith("json")])
def test_markup_and_emoji_codes_are_shown_as_they_are(name: str) -> None:
    seen = re.sub(r"\s", "", SEEN[name]())  # folds may come anywhere
    assert "[boldred]" in seen and ":boom:" in seen


def test_a_page_shows_it_as_text() -> None:
    text = render(examples.HOSTILE_PLAN)
    page = Page(text)
    assert not {"script", "img"} & set(page.tags)
    assert "<script>alert(1)</script>" in page.text, "as text"
    assert "{{ 7*7 }}" in page.text, "no template either"
    assert not {c for c in text if unicodedata.category(c) in ("Cc", "Cf")} - {"\n"}


anything = st.text(st.characters(codec="utf-8"), max_size=40)


@given(anything)
def test_any_text_stays_on_one_line_and_can_be_printed(value: str) -> None:
    cleaned = clean(value)
    assert not {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")}
    assert clean(cleaned) == cleaned
    if value.isprintable():
        assert cleaned == value


@given(anything)
def test_any_text_is_text_in_a_page(value: str) -> None:
    check = Check(name=value, passed=False, detail=value, fix=value)
    page = Page(render(PreflightReport(environment=value, checks=(check,))))
    assert page.tags.count("td") == 3
    assert clean(value) in page.text


@given(anything)
def test_any_text_is_one_plain_line(value: str) -> None:
    notice = drawn_plain(Notice(value))
    assert notice == clean_lines(value) + "\n"
    assert "\x1b" not in notice and "\r" not in notice


def test_lines_stay_lines_and_lone_surrogates_can_be_written() -> None:
    assert clean_lines("a\nb\tc\x1b[1m") == "a\nb   c\\x1b[1m"
    assert clean("\udc80") == "\\udc80"
    sys.stdout.write(clean("\udc80"))
