"""Which versions of ZenML are let through, and which command mends the others."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.registry.google import configured
from zenstrap.errors import UsageError
from zenstrap.events import Event, Notice
from zenstrap.lifecycle import checking
from zenstrap.lifecycle.checking import SAME_ZENML, diagnose, preflight
from zenstrap.lifecycle.zenml_version import BEFORE, FIRST, require_same, require_supported
from zenstrap.paths import project_root
from zenstrap.platforms import platform_of
from zenstrap.running import Audience, Run
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client


def test_the_range_is_the_one_that_pip_is_told() -> None:
    project = tomllib.loads((project_root() / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["gcp"]]
    ranges = [one.specifier for one in map(Requirement, wanted) if one.name == "zenml"]
    assert ranges == [SpecifierSet(f">={FIRST},<{BEFORE}")] * 2
    pinned = re.search(r"^zenml==(.+)$", (project_root() / "constraints.txt").read_text(), re.M)
    assert pinned is not None
    require_supported(pinned[1])


@pytest.mark.parametrize("here", ["0.94.6", "0.95.0", "0.99.0", "1.0.0"])
def test_what_zenstrap_is_not_made_for(here: str) -> None:
    with pytest.raises(UsageError) as refused:
        require_supported(here)
    assert refused.value.command == f'pip install "zenml[server]>={FIRST},<{BEFORE}"'


@pytest.mark.parametrize("server", ["0.98.0", "0.98.1"])
def test_a_server_of_the_same_version(server: str) -> None:
    require_same("0.98.0", server)


@pytest.mark.parametrize(
    ("here", "server", "is_supported"),
    [
        ("0.98.0", "0.97.0", True),
        ("0.95.1", "0.98.0", True),
        ("0.98.0", "0.94.6", False),
        ("0.98.0", "0.99.0", False),
    ],
)
def test_of_another_version_the_servers_is_to_be_installed(
    here: str, server: str, is_supported: bool
) -> None:
    with pytest.raises(UsageError) as differ:
        require_same(here, server)
    command = f'pip install "zenml[server]=={server}"' if is_supported else None
    assert differ.value.command == command and differ.value.fix


@pytest.fixture
def on_an_older_server(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    info = calls.store_info(client).model_copy(update={"version": "0.96.4"})
    monkeypatch.setattr(checking.calls, "is_server", lambda client: True)
    monkeypatch.setattr(checking.calls, "store_info", lambda client: info)
    return client


def test_doctor_names_the_command(on_an_older_server: Client) -> None:
    found = {
        one.name: one for one in diagnose(platform_of(configured("local")), on_an_older_server)
    }
    assert found["zenml"].passed and not found[SAME_ZENML].passed
    assert found[SAME_ZENML].command == 'pip install "zenml[server]==0.96.4"'


@pytest.mark.parametrize("command", ["up", "plan", "down", "rollback"])
def test_a_run_goes_on_with_a_warning(on_an_older_server: Client, command: str) -> None:
    config, told = configured("local"), list[Event]()
    run = Run(platform_of(config), command, audience=Audience(emit=told.append))
    report = preflight(on_an_older_server, run)
    assert [one.name for one in report.checks if not one.passed] == [SAME_ZENML]
    (warning,) = told
    assert isinstance(warning, Notice) and "0.96.4" in warning.text
