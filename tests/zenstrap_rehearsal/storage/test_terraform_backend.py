"""Terraform's own backend "gcs" keeps its state here, as in a real bucket."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from tests.zenstrap_rehearsal.storage.conftest import OWNER, UNIFORM
from zenstrap_rehearsal.storage import StorageServer

ROOT = """
terraform {
  backend "gcs" {}
}
resource "terraform_data" "a" {
  input = "x"
}
"""
LOCK = {
    "ID": "1", "Operation": "OperationTypeApply", "Info": "", "Who": "ada@laptop",
    "Version": "1.11.4", "Created": "2026-01-01T00:00:00Z", "Path": "",
}  # fmt: skip
STATE = "envs/prod/prod.tfstate"

# Of the developer: they would lead Terraform elsewhere.
_FOREIGN = ("TF_", "GOOGLE_", "STORAGE_")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def terraform(server: StorageServer, tmp_path: Path) -> Run:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT)
    environ = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
    environ["GOOGLE_STORAGE_CUSTOM_ENDPOINT"] = f"{server.url}/storage/v1/"

    def run(*arguments: str, token: str = OWNER, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=folder,
            env={**environ, "GOOGLE_OAUTH_ACCESS_TOKEN": token, **more},
            capture_output=True,
            text=True,
        )

    return run


INIT = ("init", "-backend-config=bucket=acme", "-backend-config=prefix=envs/prod")
APPLY = ("apply", "-auto-approve", "-no-color")


def test_workspace_state_and_lock(terraform: Run, owner: Caller) -> None:
    owner.make_bucket(versioning={"enabled": True}, iamConfiguration=UNIFORM)
    assert terraform(*INIT).returncode == 0
    assert terraform("workspace", "new", "prod").returncode == 0
    assert terraform(*APPLY).returncode == 0
    assert terraform("plan", "-detailed-exitcode").returncode == 0
    state = json.loads(owner.read(STATE).content)
    assert state["resources"][0]["type"] == "terraform_data"
    assert owner.object("GET", "envs/prod/prod.tflock").status == 404
    versions = len(owner.generations(prefix=STATE))

    owner.write("envs/prod/prod.tflock", json.dumps(LOCK).encode())
    held = terraform(*APPLY, "-replace=terraform_data.a")
    assert held.returncode == 1
    assert "Error acquiring the state lock" in held.stderr
    assert "ada@laptop" in held.stderr
    assert len(owner.generations(prefix=STATE)) == versions
    owner.object("DELETE", "envs/prod/prod.tflock")
    assert terraform(*APPLY, "-replace=terraform_data.a").returncode == 0
    assert len(owner.generations(prefix=STATE)) == versions + 1


def test_a_token_that_is_nobodys_or_may_nothing_is_refused(terraform: Run, owner: Caller) -> None:
    owner.make_bucket()
    assert "401" in terraform(*INIT, token="expired").stderr
    refused = terraform(*INIT, token="fraud-token").stderr
    assert "storage.objects.list" in refused
    assert "403" in refused


def test_an_emulators_variable_makes_terraform_the_owner(
    terraform: Run, server: StorageServer, owner: Caller
) -> None:
    """Google's Go client sends no token then, so credentials can't be rehearsed with it."""
    owner.make_bucket()
    done = terraform(*INIT, token="expired", STORAGE_EMULATOR_HOST=server.url)
    assert done.returncode == 0
