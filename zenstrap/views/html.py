"""A report as a page for the dashboard, which shows it in a frame of its own.

Self-contained: no script, no image, nothing from the network (a policy in the page forbids it).
Everything is escaped by default, and control characters are spelled out as on a terminal.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from zenstrap.redaction import SENSITIVE
from zenstrap.views.plan_table import MARKS, remarks, summary_line
from zenstrap.views.text import clean, duration

if TYPE_CHECKING:
    from jinja2 import Environment

    from zenstrap.reports import Report


def render(report: Report) -> str:
    """The page of any report; one of an unknown class shows its facts."""
    template = _environment().select_template(
        [f"{known.__name__}.html" for known in type(report).__mro__ if known.__name__ != "object"]
    )
    return template.render(report=report)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("zenstrap.views"),
        autoescape=True,
        undefined=StrictUndefined,  # a misspelt field is an error and no empty cell
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    environment.globals["marks"] = MARKS
    environment.globals["sensitive"] = SENSITIVE
    environment.globals["remarks"] = remarks
    environment.globals["plan_summary"] = summary_line
    return environment


def _shown(value: Any) -> Any:
    """What stands in the page for a value; what a macro made is finished already."""
    if value is None:
        return ""
    return value if hasattr(value, "__html__") else clean(value)
