"""The shipped environments of Google Cloud, against its double: real Terraform, real modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from google.cloud.exceptions import Forbidden

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import SHIPPED, Environment, alive, empty, owner, storage
from zenstrap.config import EnvironmentConfig
from zenstrap.platforms.gcp import naming
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.platforms.gcp.variables import artifact_bucket
from zenstrap.terraform.plan import AttributeChange, ResourceChange
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud


@pytest.mark.parametrize("name", SHIPPED)
def test_a_life(cloud: Rehearsal, home: Home, waits: list[float], name: str) -> None:
    environment, born_with = Environment(name), set(alive(cloud))
    plan = environment.up()
    assert resource_rules(environment.config()).breaches(plan) == ()
    later = {key for key, output in plan.outputs.items() if not output.known}
    assert later <= {"service_account_keys", "service_account_key_ids"}
    _, again = environment.plan()
    assert again.is_empty, again

    # What somebody changes outside is shown, to be taken back in place.
    bucket = owner(cloud).get_bucket(artifact_bucket(environment.config()))
    bucket.labels = {**bucket.labels, "cost_center": "nobody"}
    bucket.lifecycle_rules = []
    bucket.patch()
    _, mended = environment.plan()
    assert {one.path.partition("[")[0].partition(".")[0] for one in _only(mended.drift)} >= {
        "labels",
        "lifecycle_rule",
    }
    assert [one.action for one in mended.changes] == ["update"]

    # What Google can change in place is changed in place.
    home.edit(f"environments/{name}.yaml", keeps_artifacts_for_5_days)
    _, changed = environment.plan()
    assert [(one.type, one.action) for one in changed.changes] == [
        ("google_storage_bucket", "update")
    ]
    environment.apply(changed)
    bucket.reload()
    assert bucket.labels["cost_center"] == "ml"

    only_their_own_paths(cloud, environment.config())

    workspace, down = environment.plan(destroy=True)
    before = {one for one in cloud.resources() if "cryptoKeys" in one}
    workspace.forget([one.address for one in down.kept])
    _, rest = environment.plan(destroy=True)
    assert rest.digest == down.digest
    empty(bucket)
    workspace.apply(rest.digest)
    assert workspace.resources() == ()
    assert owner(cloud).lookup_bucket(bucket.name) is None
    assert {one for one in cloud.resources() if "cryptoKeys" in one} == before
    assert {one for one in alive(cloud) if "keyRings" not in one} == born_with

    # Again from nothing: keys are taken over, the pool that Google still keeps gives way.
    if name != "dev":  # it leaves neither
        environment.up()
        _, again = environment.plan()
        assert again.is_empty
    assert waits == []  # nothing had to be tried again


def only_their_own_paths(cloud: Rehearsal, config: EnvironmentConfig) -> None:
    """Each service account reads, writes and lists its own path, and no other."""
    bucket = artifact_bucket(config)
    paths = {None: "shared", **{name: f"ml_projects/{name}" for name in config.ml_projects}}
    for path in paths.values():
        owner(cloud).bucket(bucket).blob(f"{path}/model").upload_from_string("weights")
    for project, own in paths.items():
        account = naming.service_account_id(config.environment, project)
        email = f"{account}@{config.gcp.project_id}.iam.gserviceaccount.com"
        client = storage(cloud, cloud.token(email))
        client.bucket(bucket).blob(f"{own}/more").upload_from_string("weights")
        assert {one.name for one in client.list_blobs(bucket, prefix=f"{own}/")} == {
            f"{own}/model",
            f"{own}/more",
        }
        others = [path for path in paths.values() if path != own]
        for path in (*others, f"{own}_too"):
            with pytest.raises(Forbidden):
                client.bucket(bucket).blob(f"{path}/model").download_as_bytes()
            with pytest.raises(Forbidden):
                list(client.list_blobs(bucket, prefix=f"{path}/"))
        with pytest.raises(Forbidden):
            list(client.list_blobs(bucket))


def _only(drift: Sequence[ResourceChange]) -> tuple[AttributeChange, ...]:
    (found,) = [one for one in drift if one.type == "google_storage_bucket"]
    return found.attributes


def keeps_artifacts_for_5_days(config: dict[str, Any]) -> None:
    config["retention"]["artifact_days"] = 5


def one_ml_project(config: dict[str, Any]) -> None:
    config["ml_projects"] = ["fraud_detection"]


def test_up_and_down(cloud: Rehearsal, home: Home, run: CommandLine, local_training: None) -> None:
    home.edit("environments/dev.yaml", one_ml_project)
    born_with = alive(cloud)
    up = run("up", "--env", "dev", "--json")
    assert up.code == 0, up.err
    before = snapshot()
    again = run("up", "--env", "dev", "--json")
    assert again.code == 0, again.err
    assert again.json["plan"]["empty"] is True
    assert snapshot() == before

    down = run("down", "--env", "dev", "--yes", "--json")
    assert down.code == 0, down.err
    assert set(snapshot()["stacks"]) == {"default"} and snapshot()["connectors"] == 0
    assert alive(cloud) == born_with
    assert owner(cloud).lookup_bucket("acme-ml-dev-zenml-dev") is None
    assert owner(cloud).lookup_bucket("acme-ml-dev-tfstate") is not None
