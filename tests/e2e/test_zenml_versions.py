"""The oldest and the newest ZenML that may be installed, each in a new virtual environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine
from tests.conftest import QUIET, Home, forget_zenml
from tests.e2e.servers import zenml_server
from tests.e2e.signing_in import sign_in
from tests.wheel import built_wheel
from zenstrap.lifecycle.checking import SAME_ZENML
from zenstrap.lifecycle.zenml_version import FIRST, require_supported
from zenstrap.paths import project_root

pytestmark = [
    pytest.mark.slow,  # an installation of everything, twice
    pytest.mark.timeout(1800),  # seconds
]


@pytest.fixture(scope="module", params=["oldest", "newest"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with zenstrap's wheel and such a ZenML."""
    folder = tmp_path_factory.mktemp(request.param)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    probe = [*pip, "download", "--no-deps", "--dest", folder / "probe", "zenml"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("the package index can't be reached")
    oldest = [f"zenml=={FIRST}"] if request.param == "oldest" else []
    wanted = [built_wheel(folder), *oldest, "pytest", "hypothesis"]
    done = subprocess.run([*pip, "install", *wanted], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    version = said(python, "-c", "import importlib.metadata as m; print(m.version('zenml'))")
    require_supported(version)
    assert version == FIRST or not oldest
    return python


def said(python: Path, *words: str) -> str:
    return subprocess.run(
        [python, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_local_environment_comes_up_and_goes_again(python: Path, tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **QUIET}
    up = result(python, tmp_path, environ, "up")
    # Which a smoke test comes before.
    assert [one["note"] for one in up["stacks"]] == ["promoted"] * 3
    artifacts = tmp_path / ".local/state/zenstrap/artifacts"
    assert artifacts.exists()
    result(python, tmp_path, environ, "down", "--yes")
    assert not artifacts.exists()


def result(python: Path, folder: Path, environ: Mapping[str, str], *words: str) -> Any:
    command = [python, "-P", "-m", "zenstrap", *words, "--env", "local", "--json"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_doctor_compares_the_server_s_version_with_ours(
    python: Path,
    home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import zenml

    theirs = said(python, "-c", "import importlib.metadata as m; print(m.version('zenml'))")
    is_ours = theirs.split(".")[:2] == zenml.__version__.split(".")[:2]
    database = f"sqlite:///{tmp_path}/zenml.db"
    with zenml_server(tmp_path / "server", database, python=str(python)) as server:
        sign_in(server, server.account("platform"), home.zenml, monkeypatch)
        told = CommandLine(capsys)("doctor", "--env", "local", "--json")
        forget_zenml()
    (check,) = [one for one in told.json["checks"] if one["name"] == SAME_ZENML]
    assert check["passed"] is is_ours
    assert check["command"] == ("" if is_ours else f'pip install "zenml[server]=={theirs}"')


def test_what_it_does_not_document_is_as_it_was(python: Path) -> None:
    words = [
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "-q",
        "tests/zenml_private",
    ]
    done = subprocess.run([python, *words], cwd=project_root(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
