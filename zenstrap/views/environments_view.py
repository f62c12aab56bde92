"""``envs``: all environments, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import RenderableType

from zenstrap.views.history_view import RunLine
from zenstrap.views.tables import table
from zenstrap.views.text import stamp


@dataclass(frozen=True)
class EnvironmentLine:
    """One environment.

    Attributes:
        has_file: whether it can be brought up: `down`, `status` and others need no file.
        has_state: whether Terraform's state lies on this machine.
        last_run: the newest run in the ZenML that is connected, whoever's it is.
    """

    name: str
    has_file: bool
    has_state: bool
    last_run: RunLine | None


def environments_table(environments: Sequence[EnvironmentLine]) -> RenderableType:
    """The environments in the order given."""
    return table(
        ("ENVIRONMENT", "FILE", "LAST RUN", "STATUS", "STARTED"),
        ((one.name, "yes" if one.has_file else "gone", *_run(one)) for one in environments),
    )


def _run(line: EnvironmentLine) -> tuple[str, ...]:
    run = line.last_run
    return (run.name, run.status, stamp(run.started)) if run else ("-", "-", "-")
