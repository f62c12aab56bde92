"""Pages for the dashboard: self-contained, escaped, one for every report."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.views import examples
from tests.views.conftest import Golden
from tests.views.page import Page
from zenstrap import reports
from zenstrap.config.loading import load_environment
from zenstrap.reports import ConfigReport, Fact, OutputValue, Report, TerraformOutputs
from zenstrap.views.html import render


def every_report() -> dict[str, Report]:
    return {**examples.REPORTS, "config": ConfigReport(config=load_environment("prod"))}


@pytest.mark.parametrize("name", [*examples.REPORTS, "config"])
def test_a_page_is_self_contained(name: str) -> None:
    report = every_report()[name]
    text = render(report)
    page = Page(text)
    assert report.title in page.text
    assert not {"script", "img", "link", "iframe", "a", "form"} & set(page.tags)
    assert not {"src", "href", "style", "onclick", "onerror"} & page.attributes
    assert "default-src 'none'" in text and "url(" not in text and "@import" not in text


def test_every_report_has_an_example_here() -> None:
    classes = {
        kind
        for kind in vars(reports).values()
        if isinstance(kind, type) and issubclass(kind, Report) and kind is not Report
    }
    assert {type(report) for report in every_report().values()} == classes


@pytest.mark.parametrize("name", list(examples.REPORTS))
def test_pages(golden: Golden, name: str) -> None:
    """The words of each page; how they look was looked at in a browser."""
    words = Page(render(examples.REPORTS[name])).text
    golden(
        f"page-{name}.txt",
        "\n".join(line.strip() for line in words.splitlines() if line.strip()) + "\n",
    )


def test_what_a_plan_says_is_in_its_page() -> None:
    text = render(examples.PLAN)
    for word in ("forces replacement", "was deleted outside", "its creation failed halfway"):
        assert word in text
    assert '<span class="mark replace">-/+ replace</span>' in text


def test_a_sensitive_output_shows_no_value() -> None:
    report = TerraformOutputs.model_validate(
        examples.REPORTS["outputs"].model_dump()
        | {"outputs": {"key": OutputValue(value="hunter2", sensitive=True)}}
    )
    text = render(report)
    assert "hunter2" not in text and "&lt;sensitive&gt;" in text


class Later(Report):
    """A report without a page of its own."""

    title: ClassVar[str] = "Later"

    @property
    def headline(self) -> str:
        return examples.HOSTILE

    def facts(self) -> dict[str, Fact]:
        return {"left": 3, examples.HOSTILE: True}


def test_an_unknown_report_shows_its_facts() -> None:
    page = Page(render(Later()))
    assert "left" in page.text and "3" in page.text and "yes" in page.text
    assert "script" not in page.tags
