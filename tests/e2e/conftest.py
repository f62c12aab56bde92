"""Google Cloud's double for tests of whole environments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Home
from tests.e2e.google_cloud import ML_PROJECTS, SHIPPED, nothing_of_its_own, runs_here
from zenstrap_rehearsal import Rehearsal


@pytest.fixture
def cloud(
    tmp_path: Path, home: Home, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rehearsal]:
    """Google Cloud with the projects of the shipped environments, and nothing in them."""
    projects = tuple(f"acme-ml-{name}" for name in SHIPPED)
    with Rehearsal(tmp_path / "cloud", project_ids=projects) as rehearsal:
        for name, value in rehearsal.environment().items():
            monkeypatch.setenv(name, value)
        yield rehearsal


@pytest.fixture
def local_training(home: Home) -> None:
    """The shipped environments, with trainings on this machine."""
    for name in SHIPPED:
        home.edit(f"environments/{name}.yaml", runs_here)
    for project in ML_PROJECTS:
        home.edit(f"ml_projects/{project}.yaml", nothing_of_its_own)
