from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.environment_variables import child_environment
from zenstrap_rehearsal import Rehearsal

ENVIRONMENTS = Path(__file__).parent / "environments"
PROJECTS = ("acme-ml-dev", "acme-ml-staging", "acme-ml-prod")
# The gcs backend would want a bucket for a plan that nobody keeps.
LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True)
class Module:
    """A module in a copy, which Terraform may write into."""

    folder: Path
    environment: Mapping[str, str]
    program: Sequence[str]

    def terraform(self, *arguments: str) -> str:
        """Run Terraform there, and show what it said if it fails."""
        done = subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder,
            env={**child_environment(provider=PROVIDER), **self.environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self, *arguments: str) -> dict[str, Any]:
        """The plan as Terraform shows it in JSON."""
        self.terraform("plan", "-no-color", "-out=plan", *arguments)
        shown: dict[str, Any] = json.loads(self.terraform("show", "-json", "plan"))
        return shown


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with Rehearsal(tmp_path_factory.mktemp("rehearsal"), project_ids=PROJECTS) as running:
        yield running


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory, terraform: TerraformBinary) -> Path:
    """A copy of all modules, for one Terraform."""
    copy = tmp_path_factory.mktemp("modules") / "terraform_modules"
    shutil.copytree(modules_folder(), copy, ignore=shutil.ignore_patterns(".terraform*"))
    (copy / "environments" / "gcp" / "backend_override.tf").write_text(LOCAL_BACKEND)
    return copy


@pytest.fixture(scope="module")
def module(
    rehearsal: Rehearsal, modules: Path, terraform: TerraformBinary
) -> Callable[[str], Module]:
    """A module by its path below terraform_modules/, initialised."""

    def initialised(path: str) -> Module:
        found = Module(modules / path, rehearsal.environment(), terraform.command)
        if not (found.folder / ".terraform").exists():
            found.terraform("init", "-no-color")
        return found

    return initialised


MakeModule = Callable[[str], Module]
