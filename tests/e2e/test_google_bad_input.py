"""What is wrong before anything is made: one paragraph, with the way out and what is left."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import Environment, alive, buckets, owner, told
from tests.environments import only_base
from zenstrap.errors import AuthenticationError
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

DEV = "environments/dev.yaml"
STATE, ARTIFACTS = "acme-ml-dev-tfstate", "acme-ml-dev-zenml-dev"
LOG_IN = "gcloud auth application-default login"
Broken = tuple[Rehearsal, Home, pytest.MonkeyPatch]


@pytest.fixture
def broken(
    cloud: Rehearsal, home: Home, local_training: None, monkeypatch: pytest.MonkeyPatch
) -> Broken:
    """The parts of a test in which something is wrong."""
    home.edit(DEV, only_base)
    return cloud, home, monkeypatch


def edit(home: Home, section: str, **values: str) -> None:
    def change(config: dict[str, Any]) -> None:
        config[section].update(values)

    home.edit(DEV, change)


def another_project(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    edit(home, "gcp", project_id="acme-ml-nowhere")


def no_such_region(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    edit(home, "gcp", region="europe-west99")


def no_such_region_beside_the_state(
    cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch
) -> None:
    from zenstrap_rehearsal.cloud.service_usage import enable

    enable(cloud.cloud, cloud.cloud.projects["acme-ml-dev"], ["artifactregistry.googleapis.com"])
    edit(home, "gcp", region="europe-west99")
    edit(home, "state", location="europe-west1")


def taken_artifact_bucket(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    cloud.storage.take_name(ARTIFACTS)


def taken_state_bucket(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    cloud.storage.take_name(STATE)


def state_of_another_project(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    owner(cloud).create_bucket(STATE, project="acme-ml-prod", location="europe-west1")


def state_in_another_location(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    owner(cloud).create_bucket(STATE, project="acme-ml-dev", location="US")
    home.edit(DEV, lambda c: c["state"].update(location="europe-west1"))


def somebody_elses_state(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    bucket = owner(cloud).bucket(STATE)
    bucket.labels = {"managed_by": "terragrunt"}
    owner(cloud).create_bucket(bucket, project="acme-ml-dev", location="europe-west1")


def nobody_logged_in(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    """The home is empty anyway; what is left is the environment."""
    named = ("GOOGLE_OAUTH_", "GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_", "GOOGLE_CLOUD_KEYFILE",
             "GCLOUD_", "CLOUDSDK_")  # fmt: skip
    for name in [name for name in os.environ if name.startswith(named)]:
        patch.delenv(name)
    patch.setenv("NO_GCE_CHECK", "true")  # this test's machine may be Google's


def an_expired_login(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    token = cloud.cloud.issue_token("owner", seconds=-1)
    patch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)


def no_permission_for_a_state_bucket(
    cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch
) -> None:
    cloud.faults.deny("storage.buckets.create")


def no_permission_for_registries(cloud: Rehearsal, home: Home, patch: pytest.MonkeyPatch) -> None:
    cloud.faults.deny("artifactregistry.repositories.create")


@pytest.mark.parametrize(
    ("wrong", "code", "way_out", "left"),
    [
        (another_project, 1, "gcp.project_id", set()),
        (no_such_region, 1, "gcp.region", set()),
        (no_such_region_beside_the_state, 1, "europe-west9", {STATE}),
        (taken_artifact_bucket, 1, "stack.components.artifact_store.bucket", {STATE}),
        (taken_state_bucket, 1, "state.bucket", set()),
        (state_of_another_project, 1, "state.bucket", set()),
        (state_in_another_location, 1, "state.location: US", {STATE}),
        (somebody_elses_state, 1, "--remove-labels=managed_by", {STATE}),
        (nobody_logged_in, 3, LOG_IN, set()),
        (an_expired_login, 3, LOG_IN, set()),
        (no_permission_for_a_state_bucket, 1, "roles/storage.admin", set()),
        (no_permission_for_registries, 1, "roles/artifactregistry.admin", {STATE}),
    ],
)
def test_up_makes_nothing(
    broken: Broken,
    run: CommandLine,
    wrong: Callable[[Rehearsal, Home, pytest.MonkeyPatch], None],
    code: int,
    way_out: str,
    left: set[str],
) -> None:
    cloud, before = broken[0], snapshot()
    wrong(*broken)
    there = buckets(cloud)
    ended = run("up", "--env", "dev", "--json")
    assert ended.code == code, ended.err
    failure = ended.json["failure"]
    assert way_out in told(ended) and "\n" not in told(ended)
    assert failure["go_on"] == "python run.py up --env dev"
    assert snapshot() == before and alive(cloud) == []
    assert buckets(cloud) == left
    for made in left - there:
        assert f"gs://{made}" in " ".join(failure["now"])


def test_a_login_that_expires_between_plan_and_apply(broken: Broken) -> None:
    cloud, _, patch = broken
    token = cloud.cloud.issue_token("owner", seconds=3600)
    patch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)
    dev = Environment("dev")
    _, plan = dev.plan()
    cloud.cloud.revoke(token)
    with pytest.raises(AuthenticationError):
        dev.apply(plan)
    assert alive(cloud) == []


def test_plan_and_down_make_no_state_bucket(broken: Broken, run: CommandLine) -> None:
    cloud, home, _ = broken
    before = snapshot()
    assert run("plan", "--env", "dev").code == 2
    down = run("down", "--env", "dev", "--yes")
    assert down.code == 0, down.err
    assert buckets(cloud) == set() and snapshot() == before
    left = {p.relative_to(home.state).parts[0] for p in home.state.rglob("*") if p.is_file()}
    assert left <= {"leases", "logs"}, "of a state, nothing is made here either"


def test_what_only_looks_does_without_a_login(broken: Broken, run: CommandLine) -> None:
    nobody_logged_in(*broken)
    assert run("plan", "--env", "dev").code == 3
    status = run("status", "--env", "dev", "--json")
    assert status.code == 0 and LOG_IN in " ".join(status.json["environments"][0]["notices"])
    doctor = run("doctor", "--env", "dev", "--json")
    assert doctor.code == 3
    failed = [check for check in doctor.json["checks"] if not check["passed"]]
    assert failed[0]["name"] == "google_login" and failed[0]["command"] == LOG_IN
    assert all("google_login" in check["detail"] for check in failed[1:])
    assert [check["known"] for check in failed] == [True] + [False] * (len(failed) - 1)
