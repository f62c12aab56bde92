"""What was made and isn't in the state: with our owner's mark it is taken over, else refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Home
from tests.e2e.google_cloud import Environment, alive, buckets, owner
from zenstrap.errors import RefusedError, ZenstrapError
from zenstrap.platforms.gcp.unrecorded import expected_things
from zenstrap.terraform.remainder import is_remainder
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

OWNER, OTHER = "0123456789ab", "ba9876543210"
MAKES = (
    "google_storage_bucket",
    "google_service_account",
    "google_artifact_registry_repository",
    "google_project_iam_custom_role",
)


def environment(name: str, whose: str = OWNER) -> Environment:
    made = Environment(name)
    made.run.past.owner = whose
    return made


def expected(name: str) -> set[str]:
    bucket = f"acme-ml-{name}-zenml-{name}"
    return {one.id for one in expected_things(Environment(name).config(), bucket)}


def with_skypilot(config: dict[str, Any]) -> None:
    components = config["stack"]["components"]
    components["orchestrator"] = {"version": "9.0.0", "flavor": "vm_gcp"}
    components["deployer"] = {"version": "9.0.0", "flavor": "gcp"}


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_whatever_lost_its_answer_is_taken_over(cloud: Rehearsal, name: str, home: Home) -> None:
    if name == "dev":
        home.edit("environments/dev.yaml", with_skypilot)
    for kind in MAKES:
        cloud.faults.add(kind=kind, operation="created", code=500, count=100)
    for _ in range(5):  # each time as far as Terraform comes
        try:
            environment(name).up()
        except ZenstrapError:
            continue
        break
    cloud.faults.clear()
    made = environment(name)
    made.up()
    workspace, again = made.plan()
    assert expected(name) <= {one.id for one in workspace.resources()}
    assert again.is_empty
    there = {one for one in alive(cloud) if "/cryptoKeyVersions/" not in one}
    assert there <= {one.id for one in workspace.resources()}


def test_an_owner_is_added_in_place(cloud: Rehearsal, home: Home) -> None:
    """As to an environment of a version that knew none."""
    home.edit("environments/dev.yaml", with_skypilot)
    for name in ("dev", "prod"):
        environment(name, whose="").up()
        plan = environment(name).up()
        assert {change.action for change in plan.changes} == {"update"}
        changed = {attribute.path for change in plan.changes for attribute in change.attributes}
        labels = {path for path in changed if "labels" in path and "zenstrap_owner" in path}
        assert changed - labels == {"description"}
        assert environment(name).plan()[1].is_empty


def made_by_somebody(cloud: Rehearsal, labels: dict[str, str]) -> None:
    bucket = owner(cloud).bucket("acme-ml-dev-zenml-dev", user_project="acme-ml-dev")
    bucket.labels = labels
    bucket.create(project="acme-ml-dev", location="EU")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({}, "no owner's mark"),
        ({"managed_by": "zenstrap", "environment": "dev"}, "no owner's mark"),
        ({"zenstrap_owner": OTHER}, OTHER),
    ],
)
def test_somebody_elses_is_refused_before_anything_is_made(
    cloud: Rehearsal, labels: dict[str, str], told: str
) -> None:
    made_by_somebody(cloud, labels)
    with pytest.raises(RefusedError) as refused:
        environment("dev").up()
    assert told in (refused.value.why or "") and refused.value.fix
    assert alive(cloud) == []
    assert buckets(cloud) == {"acme-ml-dev-zenml-dev", "acme-ml-dev-tfstate"}


def test_the_way_out_works(cloud: Rehearsal) -> None:
    made_by_somebody(cloud, {})
    bucket = owner(cloud).get_bucket("acme-ml-dev-zenml-dev")
    bucket.labels = {"zenstrap_owner": OWNER}
    bucket.patch()
    plan = environment("dev").plan()[1]
    (taken,) = [change for change in plan.changes if change.importing]
    assert taken.type == "google_storage_bucket"


def test_within_one_run_it_is_what_is_left_of_the_plan(cloud: Rehearsal) -> None:
    """503 is tried again: what was made under a lost answer is found by then."""
    for kind in MAKES[:3]:
        cloud.faults.add(kind=kind, operation="created", code=503, count=1)
    made = environment("dev")
    approved = made.up()
    assert made.plan()[1].is_empty and is_remainder(approved, made.plan()[1])


def test_a_key_that_nobody_can_use_is_told(cloud: Rehearsal) -> None:
    cloud.faults.add(kind="google_service_account_key", operation="created", code=500)
    made = environment("dev")
    with pytest.raises(ZenstrapError):
        made.up()
    made = environment("dev")
    workspace = made.prepare()
    told = made.run.platform.variables(workspace, made.run).notices
    there = {one for one in cloud.resources() if "/keys/" in one}
    (lost,) = [key for key in there if any(key.rpartition("/")[2] in one for one in told)]
    assert there - {lost} == there & {one.id for one in workspace.resources()}


def test_down_takes_it_away_too(cloud: Rehearsal, home: Home) -> None:
    home.edit("environments/dev.yaml", with_skypilot)
    for kind in MAKES:
        cloud.faults.add(kind=kind, operation="created", code=500, count=100)
    with pytest.raises(ZenstrapError):
        environment("dev").up()
    made = environment("dev")
    workspace = made.prepare()
    given = made.run.platform.variables_for_removal(workspace, made.run)
    assert any("acme-ml-dev-zenml-dev" in one for one in given.notices)
    plan = workspace.plan(given.values, destroy=True)
    assert "google_storage_bucket" in {change.type for change in plan.changes}
    workspace.apply(plan.digest)
    assert buckets(cloud) == {"acme-ml-dev-tfstate"}
    assert [one for one in alive(cloud) if "zenml" in one] == []


def test_down_takes_away_what_a_lost_state_knew(cloud: Rehearsal) -> None:
    """Also the pool, which else only an `up` finds again."""
    environment("staging").up()
    bucket = owner(cloud).bucket("acme-ml-staging-tfstate")
    for blob in bucket.client.list_blobs(bucket, prefix="zenstrap/staging/staging.tfstate"):
        blob.delete()
    made = environment("staging")
    workspace = made.prepare()
    given = made.run.platform.variables_for_removal(workspace, made.run)
    plan = workspace.plan(given.values, destroy=True)
    workspace.apply(plan.digest)
    assert buckets(cloud, "acme-ml-staging") == {"acme-ml-staging-tfstate"}
    kept = ("/keyRings/", "/services/")
    assert [one for one in alive(cloud) if "zenml" in one and not any(k in one for k in kept)] == []
