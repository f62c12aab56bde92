"""``envs``: the environments that have a file, and those that ZenML or this machine still knows."""

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

_PAGE: Final = 200  # tags asked for at once
_STATE: Final = "state/*/terraform.tfstate"  # below an environment's folder


def envs(telling: Telling, *, json: bool, debug: bool) -> int:
    """List them."""
    with zenml_client(debug=debug) as client:
        found = list(_environments(client))
    if json:
        telling.result(json_view.environments_object(found), 0)
    else:
        console_on(sys.stdout).print(environments_table(found))
    return 0


def _environments(client: Client) -> Iterator[EnvironmentLine]:
    from zenstrap.runs import environment_tag, newest_run

    files: set[str] = set()
    with suppress(UsageError):  # no folder of them here
        files = set(available_environments())
    states = {file.parents[2].name for file in paths.home().glob(f"environments/*/{_STATE}")}
    prefix = environment_tag("")
    tags = every(client.list_tags, name=f"startswith:{prefix}", size=_PAGE)
    tagged = {tag.name.removeprefix(prefix) for tag in tags}
    for name in sorted(files | states | tagged):
        last = newest_run(client, name)
        gone = last is None or (last.command, last.status) == ("down", "completed")
        if name in files | states or not gone:
            yield EnvironmentLine(
                name, name in files, name in states, run_line(last) if last else None
            )
