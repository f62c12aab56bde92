"""A network that fails for a moment while a provider is fetched, or a cloud is read."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from zenstrap import retry
from zenstrap.errors import TerraformError
from zenstrap.events import Event, Notice
from zenstrap.terraform.binary import TerraformBinary

from .conftest import MakeProgram, MakeWorkspace

REGISTRY = (
    "Error: Failed to query available provider packages\\n\\nCould not retrieve the list of "
    "available versions for provider hashicorp/google: could not connect to the registry: "
    "net/http: TLS handshake timeout"
)


def failing(command: str, times: int, error: str, terraform: TerraformBinary, count: Path) -> str:
    """A Terraform whose command fails so many times, and then works."""
    return (
        f'if [ "$1" = {command} ] && [ $(wc -l < {count}) -lt {times} ]; then\n'
        f'  echo >> {count}; printf "{error}\\n" >&2; exit 1\n'
        f'fi\nexec {shlex.join(terraform.command)} "$@"'
    )


@pytest.mark.parametrize("command", ["init", "plan"])
def test_it_is_tried_again(
    command: str,
    make_workspace: MakeWorkspace,
    make_program: MakeProgram,
    terraform: TerraformBinary,
    events: list[Event],
    waits: list[float],
    tmp_path: Path,
) -> None:
    count = tmp_path / "count"
    count.touch()
    program = make_program(failing(command, 2, REGISTRY, terraform, count))
    workspace = make_workspace(binary=replace(terraform, command=(str(program),)))
    values = {"environment": "local", "root": str(tmp_path / "root"), "ml_projects": []}
    assert workspace.plan(values).counts.create == 1
    assert waits == list(retry.NETWORK[:2])
    told = [event for event in events if isinstance(event, Notice)]
    assert len(told) == 2 and all("Trying again in" in one.text for one in told)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (REGISTRY, len(retry.NETWORK) + 1),  # it stays down
        ("Error: Unsupported argument", 1),  # nothing of the network's
    ],
)
def test_it_ends(
    error: str,
    tries: int,
    make_workspace: MakeWorkspace,
    make_program: MakeProgram,
    terraform: TerraformBinary,
    waits: list[float],
    tmp_path: Path,
) -> None:
    count = tmp_path / "count"
    count.touch()
    program = make_program(failing("init", 99, error, terraform, count))
    with pytest.raises(TerraformError, match=error.split("\\n")[0].removeprefix("Error: ")):
        make_workspace(binary=replace(terraform, command=(str(program),)))
    assert len(count.read_text()) == tries and len(waits) == tries - 1
