"""A platform that the product knows nothing of: one folder of tests adds it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.platforms.shelf.configuration import SHELF
from zenstrap import platforms
from zenstrap.config import register
from zenstrap.config.platforms import PLATFORMS


@pytest.fixture
def attic(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An environment called attic on a shelf; where that is."""
    shelf = home.folder / "attic"
    answers = ("tests.platforms.shelf.platform", "Shelf")
    monkeypatch.setitem(platforms.PLATFORMS, "shelf", answers)
    register("shelf", SHELF)
    content: dict[str, Any] = {
        "environment": "attic",
        "platform": "shelf",
        "shelf": {"folder": str(shelf)},
        "stack": {
            "version": "1.0.0",
            "components": {
                "artifact_store": {"version": "1.0.0", "flavor": "local"},
                "orchestrator": {"version": "1.0.0", "flavor": "local"},
                "container_registry": {
                    "version": "1.0.0",
                    "flavor": "default",
                    "address": "registry.acme.example",
                },
            },
        },
        "protection": {"allow_destroy": True, "approval": "none"},
        "smoke_test": {"timeout_minutes": 5},
    }
    (home.configs / "environments" / "attic.yaml").write_text(yaml.safe_dump(content))
    yield shelf
    del PLATFORMS["shelf"]


@pytest.mark.slow  # five whole runs
def test_a_whole_life(home: Home, attic: Path, run: CommandLine) -> None:
    assert run("plan", "--env", "attic").code == 2 and not (attic / "goods").exists()
    up = run("--env", "attic")
    assert up.code == 0, up.err
    assert (attic / "goods" / "base").is_dir() and "Mind the step." in up.err
    assert run("plan", "--env", "attic").code == 0

    def newer(content: dict[str, Any]) -> None:
        content["stack"]["version"] = "1.1.0"

    home.edit("environments/attic.yaml", newer)
    assert run("--env", "attic").code == 0
    from zenml.client import Client
    from zenml.enums import StackComponentType

    stack = Client().get_stack("zenml-attic")
    assert stack.labels["version"] == "1.1.0"
    (crate,) = stack.components[StackComponentType.CONTAINER_REGISTRY]
    assert crate.flavor_name == "default"
    assert crate.configuration["uri"] == "registry.acme.example"
    back = run("rollback", "--env", "attic", "--yes")
    assert back.code == 0, back.err
    assert Client().get_stack("zenml-attic").labels["version"] == "1.0.0"

    down = run("down", "--env", "attic", "--yes", "--json")
    assert down.code == 0, down.err
    assert not (attic / "goods" / "base").exists()
    assert not Client().list_stacks(name="startswith:zenml-attic").items
    assert "the wall has holes now" in json.dumps(down.json)


def test_its_own_section_is_checked(home: Home, attic: Path, run: CommandLine) -> None:
    def misspelt(content: dict[str, Any]) -> None:
        content["shelf"]["floder"] = content["shelf"].pop("folder")

    home.edit("environments/attic.yaml", misspelt)
    told = run("config", "--env", "attic")
    assert told.code == 64 and "shelf.floder" in told.err and "folder" in told.err


def test_its_own_flavor_is_checked(home: Home, attic: Path, run: CommandLine) -> None:
    def without_address(content: dict[str, Any]) -> None:
        del content["stack"]["components"]["container_registry"]["address"]

    home.edit("environments/attic.yaml", without_address)
    told = run("config", "--env", "attic")
    assert told.code == 64
    assert "container_registry.address: is missing (Address of the registry)" in " ".join(
        told.err.split()
    )
