"""A rehearsal and a folder with Terraform in it, for every test its own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zenstrap_rehearsal import Rehearsal

PROJECT = "acme-ml-dev"
APIS = (
    "artifactregistry.googleapis.com",
    "cloudkms.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
)
HEADER = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0, < 7.0"
    }
  }
}

provider "google" {
  project = "acme-ml-dev"
  region  = "europe-west1"
}
"""


@dataclass(frozen=True)
class Ended:
    code: int
    text: str


@dataclass(frozen=True)
class Terraform:
    """The real Terraform in a folder, sent to a rehearsal."""

    folder: Path
    environment: dict[str, str]

    def write(self, text: str, header: str = HEADER) -> None:
        (self.folder / "main.tf").write_text(header + text)

    def run(self, *arguments: str, code: int | None = 0, **variables: str) -> Ended:
        environment = {**os.environ, **self.environment, "TF_IN_AUTOMATION": "1", **variables}
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env={k: v for k, v in environment.items() if v},
            capture_output=True,
            text=True,
        )
        text = done.stdout + done.stderr
        assert code is None or done.returncode == code, text
        return Ended(done.returncode, text)

    def init(self) -> None:
        self.run("init", "-input=false", "-no-color")

    def apply(self, *arguments: str, code: int = 0, **variables: str) -> str:
        return self.run(
            "apply", "-auto-approve", "-no-color", *arguments, code=code, **variables
        ).text

    def destroy(self, code: int = 0) -> str:
        return self.run("destroy", "-auto-approve", "-no-color", code=code).text

    def changes(self, *arguments: str) -> dict[str, list[str]]:
        """What a plan would do: address → actions; empty if there is nothing to do."""
        self.run("plan", "-out=plan", "-no-color", *arguments)
        shown = json.loads(self.run("show", "-json", "plan").text)
        return {
            change["address"]: change["change"]["actions"]
            for change in shown.get("resource_changes", [])
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    def drift(self) -> list[str]:
        """What the last plan found changed since the last apply."""
        shown = json.loads(self.run("show", "-json", "plan").text)
        return [change["address"] for change in shown.get("resource_drift", [])]

    def planned(self, address: str) -> dict[str, Any]:
        """All that the last plan says of one change."""
        shown = json.loads(self.run("show", "-json", "plan").text)
        found = next(c for c in shown["resource_changes"] if c["address"] == address)
        change: dict[str, Any] = found["change"]
        return change

    def state(self, address: str) -> dict[str, Any]:
        shown = json.loads(self.run("show", "-json").text)
        resources = shown["values"]["root_module"]["resources"]
        found = next(r for r in resources if r["address"] == address)
        values: dict[str, Any] = found["values"]
        return values

    def outputs(self) -> dict[str, Any]:
        read = json.loads(self.run("output", "-json").text)
        return {name: output["value"] for name, output in read.items()}


@dataclass(frozen=True)
class Rest:
    """Calls to a rehearsal's services over HTTP."""

    rehearsal: Rehearsal

    def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of a reply."""
        url = self.rehearsal.storage.url if path.startswith("/storage/") else self.rehearsal.url
        request = urllib.request.Request(url + path, method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data) as reply:
                return reply.status, json.loads(reply.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def ok(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Any:
        status, reply = self.call(method, path, body, token=token)
        assert status == 200, reply
        return reply

    def make_service_agent(self, api: str) -> str:
        """Have Google make a service's own account in the project, as one does before a grant."""
        project = self.rehearsal.project_id
        path = f"/serviceusage/v1beta1/projects/{project}/services/{api}:generateServiceIdentity"
        return str(self.ok("POST", path, {})["response"]["email"])


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """One with the APIs enabled that most tests need."""
    with Rehearsal(tmp_path / "rehearsal", project_id=PROJECT, apis=APIS) as running:
        yield running


@pytest.fixture
def rest(rehearsal: Rehearsal) -> Rest:
    return Rest(rehearsal)


@pytest.fixture
def terraform(rehearsal: Rehearsal, tmp_path: Path) -> Terraform:
    folder = tmp_path / "terraform"
    folder.mkdir()
    return Terraform(folder, rehearsal.environment())
