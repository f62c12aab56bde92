"""A home, or a root, behind a symbolic link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from zenstrap import paths
from zenstrap.platforms.local import LocalMachine


@pytest.fixture
def linked(home: Home) -> Path:
    """Another name of the test's home."""
    link = home.folder.parent / "link"
    link.symlink_to(home.folder)
    return link


@pytest.mark.slow
def test_a_home_behind_a_link_is_as_good_as_any(
    home: Home, linked: Path, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(paths.HOME_VARIABLE)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(linked))
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(linked / "zenml"))
    home.edit("environments/local.yaml", only_base)
    up = run("--env", "local")
    assert up.code == 0, up.err
    assert run("plan", "--env", "local").code == 0
    assert run("down", "--env", "local", "--yes").code == 0


@pytest.mark.slow
def test_what_was_made_through_a_link_stays(
    home: Home, linked: Path, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions before took the folder as it was spelt; its path is part of Terraform's addresses,
    and another spelling of the same folder would delete it."""

    def behind_a_link(config: dict[str, Any]) -> None:
        only_base(config)
        config["local"] = {"root": str(linked / "models")}

    home.edit("environments/local.yaml", behind_a_link)
    with monkeypatch.context() as before:
        before.setattr(LocalMachine, "artifacts_folder", linked / "models" / "local")
        assert run("--env", "local").code == 6  # ZenML itself doesn't write there
    folder = home.folder / "models" / "local"
    (folder / "shared" / "kept.txt").write_text("of a user")

    plan = run("plan", "--env", "local", "--json")
    assert plan.json["plan"]["infrastructure"]["changes"] == [], plan.out
    assert any(str(linked) in notice for notice in plan.json["plan"]["notices"])
    assert (folder / "shared" / "kept.txt").exists()
    down = run("down", "--env", "local", "--yes")
    assert down.code == 0, down.err
    assert not folder.exists()
