"""A report as an HTML page, which ZenML's dashboard shows in a frame.

Self-contained: no script, no image, nothing from the network (the page's Content-Security-Policy
forbids it). All values are escaped, and control characters are spelled out as on a terminal.
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
    """The page of any report; a class without a template of its own shows its facts."""
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
        undefined=StrictUndefined,  # a misspelt field is an error, not an empty cell
        finalize=_as_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    environment.globals["marks"] = MARKS
    environment.globals["sensitive"] = SENSITIVE
    environment.globals["remarks"] = remarks
    environment.globals["plan_summary"] = summary_line
    return environment


def _as_shown(value: Any) -> Any:
    """A value as the page shows it; the output of a macro is escaped already."""
    if value is None:
        return ""
    return value if hasattr(value, "__html__") else clean(value)
