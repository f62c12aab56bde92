"""``envs``: all environments, one per line."""

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
        has_file: whether there is a configuration file of its name. An environment that was made
            with --name has none.
        has_state: whether its Terraform state is on this machine.
        last_run: the newest run in the connected ZenML, of any owner.
    """

    name: str
    has_file: bool
    has_state: bool
    last_run: RunLine | None


def environments_table(environments: Sequence[EnvironmentLine]) -> RenderableType:
    """The environments, in the order of the argument."""
    return table(
        ("ENVIRONMENT", "FILE", "LAST RUN", "STATUS", "STARTED"),
        ((line.name, "yes" if line.has_file else "none", *_run(line)) for line in environments),
    )


def _run(line: EnvironmentLine) -> tuple[str, ...]:
    run = line.last_run
    return (run.name, run.status, stamp(run.started)) if run else ("-", "-", "-")
