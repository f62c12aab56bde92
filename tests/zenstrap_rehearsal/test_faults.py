"""Injected faults reach Terraform and every other caller, and end."""

from __future__ import annotations

import http.client
from pathlib import Path

import pytest

from tests.zenstrap_rehearsal.conftest import PROJECT, Rest, Terraform
from zenstrap_rehearsal import Rehearsal

ACCOUNTS = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
TWO = """
resource "google_service_account" "this" {
  account_id = "zenml-dev"
}

resource "google_project_iam_member" "this" {
  project = "acme-ml-dev"
  role    = "roles/viewer"
  member  = google_service_account.this.member
}
"""


def test_a_kind_fails_as_often_as_it_should(terraform: Terraform, rehearsal: Rehearsal) -> None:
    terraform.write(TWO)
    terraform.init()
    codes = (409, 429, 500, 503)
    faults = [
        rehearsal.faults.add(kind="google_service_account", operation="create", code=code)
        for code in codes
    ]
    for code in codes:
        assert f"Error {code}" in terraform.apply(code=1)
    terraform.apply()
    assert [fault.hits for fault in faults] == [1, 1, 1, 1]


def test_an_account_that_iam_does_not_know_yet(terraform: Terraform, rehearsal: Rehearsal) -> None:
    terraform.write(TWO)
    terraform.init()
    email = f"zenml-dev@{PROJECT}.iam.gserviceaccount.com"
    rehearsal.faults.service_account_unknown_yet(email)
    text = terraform.apply(code=1)
    assert f"Service account {email} does not exist., badRequest" in text
    # What was made before is in the state: the next run goes on from there.
    assert "google_service_account.this" in terraform.run("state", "list").text
    terraform.apply()
    assert terraform.changes() == {}


def test_an_api_that_was_just_enabled(terraform: Terraform, rehearsal: Rehearsal) -> None:
    service = """
resource "google_project_service" "this" {
  service = "iam.googleapis.com"
}
"""
    terraform.write(
        service
        + TWO.replace(
            'account_id = "zenml-dev"',
            """
  account_id = "zenml-dev"
  depends_on = [google_project_service.this]""",
        )
    )
    rehearsal.cloud.projects[PROJECT].enabled.discard("iam.googleapis.com")
    rehearsal.faults.propagate(calls=1)
    terraform.init()
    assert "SERVICE_DISABLED" in terraform.apply(code=1)
    terraform.apply()


def test_paths_are_struck_for_every_caller_and_by_method(rehearsal: Rehearsal, rest: Rest) -> None:
    fault = rehearsal.faults.add(path="/iam/v1/*/serviceAccounts", method="POST", code=503, count=2)
    assert rest.call("GET", ACCOUNTS)[0] == 200
    body = {"accountId": "zenml-dev"}
    assert [rest.call("POST", ACCOUNTS, body)[0] for _ in range(3)] == [503, 503, 200]
    assert fault.hits == 2


def test_a_reply_is_lost_after_the_call(rehearsal: Rehearsal, rest: Rest) -> None:
    rehearsal.faults.add(path=ACCOUNTS, method="POST", code=503, after=True)
    body = {"accountId": "zenml-dev"}
    assert [rest.call("POST", ACCOUNTS, body)[0] for _ in range(2)] == [503, 409]
    rehearsal.faults.add(path=ACCOUNTS, method="POST", after=True)
    with pytest.raises(http.client.RemoteDisconnected):
        rest.call("POST", ACCOUNTS, {"accountId": "zenml-other"})
    assert rest.call("POST", ACCOUNTS, {"accountId": "zenml-other"})[0] == 409


def test_storage_is_struck_by_its_own_paths(
    terraform: Terraform, rehearsal: Rehearsal, rest: Rest
) -> None:
    rehearsal.faults.add(path="/storage/v1/b", method="POST", code=429)
    terraform.write(
        'resource "google_storage_bucket" "this" {\n  name = "acme-x"\n  location = "EU"\n}\n'
    )
    terraform.init()
    assert "Error 429" in terraform.apply(code=1)
    terraform.apply()


def test_a_permission_can_be_taken_from_the_owner(rehearsal: Rehearsal, rest: Rest) -> None:
    rehearsal.faults.deny("iam.serviceAccounts.create")
    status, body = rest.call("POST", ACCOUNTS, {"accountId": "zenml-dev"})
    assert (status, body["error"]["status"]) == (403, "PERMISSION_DENIED")
    rehearsal.faults.allow("iam.serviceAccounts.create")
    rest.ok("POST", ACCOUNTS, {"accountId": "zenml-dev"})


def test_latency_passes_on_the_given_clock(tmp_path: Path) -> None:
    slept: list[float] = []
    with Rehearsal(tmp_path, project_id=PROJECT, sleep=slept.append) as rehearsal:
        path = f"/cloudresourcemanager/v1/projects/{PROJECT}"
        rehearsal.faults.add(path=path, seconds=30.0)
        rehearsal.faults.add(path="/storage/v1/b", seconds=20.0)
        Rest(rehearsal).ok("GET", path)
        Rest(rehearsal).ok("GET", f"/storage/v1/b?project={PROJECT}")
    assert slept == [30.0, 20.0]


def test_a_fault_strikes_one_thing(rehearsal: Rehearsal) -> None:
    with pytest.raises(ValueError):
        rehearsal.faults.add(code=503)
    with pytest.raises(ValueError):
        rehearsal.faults.add(kind="google_service_account", path="/iam/*", code=503)
    with pytest.raises(ValueError):
        rehearsal.faults.add(kind="google_service_account", code=503, after=True)
