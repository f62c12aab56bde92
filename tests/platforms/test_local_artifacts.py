"""What in an artifact folder is the environment's own: only what carries its marker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zenstrap.platforms.local_artifacts import MARKER, foreign, own_folders

OWNER = "0123456789ab"


def marked(folder: Path, **changes: str | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"managed_by": "zenstrap", "environment": "local", "owner": OWNER, **changes}
    (folder / MARKER).write_text(json.dumps(content))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "artifacts" / "local"
    marked(root / "shared")
    marked(root / "ml_projects" / "mine")
    return root


def test_its_own_are_those_with_its_marker(root: Path) -> None:
    older = marked(root / "ml_projects" / "older", owner=None)
    assert own_folders(root, "local", OWNER) == [
        root / "shared",
        root / "ml_projects" / "mine",
        older,
    ]
    assert foreign(root, "local", OWNER) == ()
    assert foreign(root / "nowhere", "local", OWNER) == ()


def test_everything_else_is_somebody_elses(root: Path, tmp_path: Path) -> None:
    elsewhere = marked(tmp_path / "elsewhere")
    (root / "notes.txt").touch()
    (root / "empty").mkdir()
    (root / "link").symlink_to(elsewhere)
    bens = marked(root / "ml_projects" / "bens", owner="ba9876543210")
    other = marked(root / "ml_projects" / "other", environment="prod")
    broken = root / "ml_projects" / "broken"
    broken.mkdir()
    (broken / MARKER).write_text("[" * 100_000)
    linked = root / "ml_projects" / "linked"
    linked.mkdir()
    (linked / MARKER).symlink_to(elsewhere / MARKER)
    found = {Path(one.name) for one in foreign(root, "local", OWNER)}
    assert found == {
        root / "notes.txt",
        root / "empty",
        root / "link",
        bens,
        other,
        broken,
        linked,
    }


def test_projects_behind_a_link_are_not_looked_at(root: Path, tmp_path: Path) -> None:
    projects = root / "ml_projects"
    projects.rename(tmp_path / "moved")
    projects.symlink_to(tmp_path / "moved")
    assert own_folders(root, "local", OWNER) == [root / "shared"]
    assert [one.name for one in foreign(root, "local", OWNER)] == [str(projects)]
