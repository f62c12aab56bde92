"""What pip installs without a clone is whole."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.wheel import built_wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(built_wheel(folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "zenstrap", *words],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(installed), "HOME": str(where)}
        | {"ZENML_CONFIG_PATH": str(where / "zenml"), "ZENSTRAP_HOME": str(where / "state")},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_wheel_has_configurations_and_modules(installed: Path, tmp_path: Path) -> None:
    shown = run(installed, tmp_path, "config", "--env", "local")
    assert shown.returncode == 0 and "environment: local" in shown.stdout, shown.stderr
    planned = run(installed, tmp_path, "plan", "--env", "local")
    assert planned.returncode == 2, planned.stderr
    assert "-m zenstrap up --env local" in planned.stderr
    entry = next(installed.glob("*.dist-info/entry_points.txt")).read_text()
    assert "zenstrap = zenstrap.__main__:run" in entry
    assert not list(installed.rglob("*.tftest.hcl"))
    assert (installed / "zenstrap_rehearsal" / "provider" / "google.json").is_file()


@pytest.mark.slow
def test_a_teams_own_configurations_lie_where_it_is_started(
    installed: Path, tmp_path: Path
) -> None:
    own = tmp_path / "configs" / "environments"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("environment: mine\nplatform: local\nstack: {}\n")
    told = run(installed, tmp_path, "config", "--env", "mine")
    assert told.returncode == 64 and "configs/environments/mine.yaml" in told.stderr
    assert "there is no environment" in run(installed, tmp_path, "config", "--env", "dev").stderr
