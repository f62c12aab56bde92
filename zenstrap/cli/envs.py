"""``envs``: environments with a file, and those that still have runs in ZenML or a local state."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from zenstrap import paths
from zenstrap.cli.history import run_line
from zenstrap.cli.telling import Telling
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config.loading import available_environments
from zenstrap.errors import UsageError
from zenstrap.views import json_view
from zenstrap.views.environments_view import EnvironmentLine, environments_table
from zenstrap.views.terminal import console_on
from zenstrap.zenml_private.calls import every

if TYPE_CHECKING:
    from zenml.client import Client

_PAGE: Final = 200  # tags per request
_STATE: Final = "state/*/terraform.tfstate"  # below an environment's folder


def envs(telling: Telling, *, json: bool, debug: bool) -> int:
    """List the environments."""
    with zenml_client(debug=debug) as client:
        environments = list(_environments(client))
    if json:
        telling.result(json_view.environments_object(environments), 0)
    else:
        console_on(sys.stdout).print(environments_table(environments))
    return 0


def _environments(client: Client) -> Iterator[EnvironmentLine]:
    from zenstrap.runs import environment_tag, newest_run

    files: set[str] = set()
    with suppress(UsageError):  # no configs folder
        files = set(available_environments())
    states = {file.parents[2].name for file in paths.home().glob(f"environments/*/{_STATE}")}
    prefix = environment_tag("")
    tags = every(client.list_tags, name=f"startswith:{prefix}", size=_PAGE)
    tagged = {tag.name.removeprefix(prefix) for tag in tags}
    for name in sorted(files | states | tagged):
        last = newest_run(client, name)
        removed = last is None or (last.command, last.status) == ("down", "completed")
        if name in files | states or not removed:
            yield EnvironmentLine(
                name, name in files, name in states, run_line(last) if last else None
            )
