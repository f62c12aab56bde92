"""checkov on the planned prod. What it finds and we leave stands in checkov_waivers.txt."""

from __future__ import annotations

import fnmatch
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from .conftest import ENVIRONMENTS, MakeModule

pytestmark = pytest.mark.slow  # Checkov reads every module

VERSION: Final = "3.3.30"
WAIVERS: Final = Path(__file__).with_name("checkov_waivers.txt")


@dataclass(frozen=True)
class Waiver:
    """A check that may fail on the resources whose address matches."""

    check: str
    resource: str
    reason: str

    def covers(self, check: str, resource: str) -> bool:
        # Keys in an address have brackets, which fnmatch would take for a set of characters.
        pattern = self.resource.replace("[", "[[]")
        return check == self.check and fnmatch.fnmatchcase(resource, pattern)


@pytest.fixture(scope="module")
def checkov() -> Path:
    """checkov in a virtual environment of its own, kept between runs.

    Beside ZenML it can't be installed: they want different versions of the same packages.
    """
    folder = Path(tempfile.gettempdir()) / f"zenstrap-checkov-{VERSION}"
    finished = folder / "finished"
    if not finished.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = str(folder / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", f"checkov=={VERSION}"], check=True)
        finished.touch()
    return folder / "bin" / "checkov"


def waivers() -> list[Waiver]:
    lines = WAIVERS.read_text().splitlines()
    return [Waiver(*line.split(maxsplit=2)) for line in lines if not line.startswith("#")]


def test_the_planned_prod(checkov: Path, module: MakeModule, tmp_path: Path) -> None:
    variables = ENVIRONMENTS / "prod.tfvars.json"
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(module("environments/gcp").plan(f"-var-file={variables}")))
    done = subprocess.run(
        [checkov, "-f", plan, "--framework", "terraform_plan", "-o", "json", "--skip-download"],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LOG_LEVEL": "CRITICAL"},
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 50 and report["summary"]["parsing_errors"] == 0
    failed = {
        (one["check_id"], one["resource"]): one["check_name"]
        for one in report["results"]["failed_checks"]
    }
    allowed = waivers()
    unexplained = {
        found: name
        for found, name in failed.items()
        if not any(waiver.covers(*found) for waiver in allowed)
    }
    assert unexplained == {}
    of_no_use = [w for w in allowed if not any(w.covers(*found) for found in failed)]
    assert of_no_use == []
