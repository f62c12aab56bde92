"""Many members of one thing at once: they queue for its policy, as in Google's provider."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.zenstrap_rehearsal.conftest import PROJECT, Rest, Terraform
from zenstrap_rehearsal import Rehearsal
from zenstrap_rehearsal.provider.kinds import members

MEMBERS = 200
OF_A_PROJECT = f"""
resource "google_project_iam_member" "this" {{
  count   = {MEMBERS}
  project = "{PROJECT}"
  role    = "roles/viewer"
  member  = "user:u${{count.index}}@example.com"
}}
"""
OF_A_BUCKET = f"""
resource "google_storage_bucket" "this" {{
  name                        = "acme-ml-dev-many"
  location                    = "EU"
  uniform_bucket_level_access = true
}}
resource "google_storage_bucket_iam_member" "this" {{
  count  = {MEMBERS}
  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectViewer"
  member = "user:u${{count.index}}@example.com"
}}
"""
EVERYBODY = {f"user:u{number}@example.com" for number in range(MEMBERS)}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A member that meets another one's change doesn't try again; threads take turns often."""
    monkeypatch.setattr(members, "_ATTEMPTS", 1)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient")
def test_of_a_project(terraform: Terraform, rehearsal: Rehearsal) -> None:
    terraform.write(OF_A_PROJECT)
    terraform.init()
    terraform.apply("-parallelism=50")
    (binding,) = rehearsal.policy(f"projects/{PROJECT}")
    assert set(binding["members"]) == EVERYBODY
    terraform.run("destroy", "-auto-approve", "-parallelism=50")
    assert rehearsal.policy(f"projects/{PROJECT}") == []


@pytest.mark.usefixtures("impatient")
def test_of_a_bucket(terraform: Terraform, rest: Rest) -> None:
    terraform.write(OF_A_BUCKET)
    terraform.init()
    terraform.apply("-parallelism=50")
    read = rest.ok("GET", "/storage/v1/b/acme-ml-dev-many/iam")
    found = {b["role"]: b["members"] for b in read["bindings"]}
    assert set(found["roles/storage.objectViewer"]) == EVERYBODY
