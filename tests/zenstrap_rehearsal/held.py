"""Terraform, held in the midst of an apply."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.zenstrap_rehearsal.conftest import Terraform
from zenstrap_rehearsal import Rehearsal


def held_in_an_apply(tmp_path: Path, rehearsal: Rehearsal) -> subprocess.Popen[bytes]:
    """Terraform, about to make a bucket that a fault makes it wait for."""
    (tmp_path / "t").mkdir()
    terraform = Terraform(tmp_path / "t", rehearsal.environment())
    terraform.write(
        'resource "google_storage_bucket" "x" {\n name = "acme-x"\n location = "EU"\n}\n'
    )
    terraform.init()
    rehearsal.faults.add(kind="google_storage_bucket", operation="create", seconds=1.0)
    return subprocess.Popen(
        ["terraform", "apply", "-auto-approve"],
        cwd=terraform.folder,
        env={**os.environ, **terraform.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
