"""Real Terraform with one of every kind: made, unchanged, changed, drifted, imported, gone."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.zenstrap_rehearsal.conftest import APIS, PROJECT, Rest, Terraform
from zenstrap_rehearsal import Rehearsal
from zenstrap_rehearsal.provider.provider import DATA_SOURCES, KINDS

FIXTURE = Path(__file__).parent / "fixtures" / "every_kind" / "main.tf"
BUCKET = "google_storage_bucket.this"
RING = f"projects/{PROJECT}/locations/europe-west1/keyRings/zenml"
POOL = f"projects/{PROJECT}/locations/global/workloadIdentityPools/zenml-dev"
REPOSITORY = f"projects/{PROJECT}/locations/europe-west1/repositories/images"
ACCOUNT = f"projects/{PROJECT}/serviceAccounts/zenml-dev@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def everything(terraform: Terraform, rest: Rest) -> Terraform:
    """One of every kind, applied."""
    return made(terraform, rest)


def made(terraform: Terraform, rest: Rest) -> Terraform:
    rest.make_service_agent("artifactregistry.googleapis.com")
    shutil.copy(FIXTURE, terraform.folder)
    terraform.init()
    terraform.apply()
    return terraform


@dataclass(frozen=True)
class Standing:
    """One of every kind, applied; for tests that change nothing."""

    terraform: Terraform
    rehearsal: Rehearsal
    rest: Rest


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    folder = tmp_path_factory.mktemp("standing")
    with Rehearsal(folder / "rehearsal", project_id=PROJECT, apis=APIS) as rehearsal:
        rest = Rest(rehearsal)
        terraform = made(Terraform(folder, rehearsal.environment()), rest)
        yield Standing(terraform, rehearsal, rest)


def test_the_fixture_has_every_kind() -> None:
    text = FIXTURE.read_text()
    assert {one.name for one in KINDS if f'resource "{one.name}"' not in text} == set()
    assert {one.name for one in DATA_SOURCES if f'data "{one.name}"' not in text} == set()


def test_what_is_made_is_there_and_needs_no_change(standing: Standing) -> None:
    everything, rehearsal, rest = standing.terraform, standing.rehearsal, standing.rest
    assert everything.changes() == {}
    # A member's etag is its policy's, which changes with every other member.
    assert [address for address in everything.drift() if "_iam_member" not in address] == []
    assert everything.outputs()["email"] == f"zenml-dev@{PROJECT}.iam.gserviceaccount.com"
    assert everything.outputs()["number"] == rehearsal.project_number

    there = rehearsal.resources()
    assert {RING, POOL, REPOSITORY, ACCOUNT} <= there.keys()
    assert there[REPOSITORY]["cleanupPolicies"]["delete-untagged"]["condition"] == {
        "tagState": "UNTAGGED",
        "olderThan": "2592000s",
    }
    bucket = rest.ok("GET", "/storage/v1/b/acme-ml-dev-zenml")
    assert bucket["location"] == "EUROPE-WEST1"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["lifecycle"]["rule"][1]["condition"] == {
        "age": 30,
        "isLive": True,
        "matchesPrefix": ["shared/"],
    }
    policy = rest.ok("GET", "/storage/v1/b/acme-ml-dev-zenml/iam?optionsRequestedPolicyVersion=3")
    assert [b["condition"]["title"] for b in policy["bindings"] if "condition" in b] == ["own_path"]
    content = rest.ok("GET", "/storage/v1/b/acme-ml-dev-zenml/o/shared%2Fmarker.txt")
    assert content["size"] == "3"


def test_labels_are_kept_as_provider_6_does(standing: Standing) -> None:
    state = standing.terraform.state(BUCKET)
    assert state["labels"] == {"made": "one"}
    whole = {"made": "one", "team": "ml", "goog-terraform-provisioned": "true"}
    assert state["terraform_labels"] == state["effective_labels"] == whole


def test_a_private_key_is_printed_nowhere_but_is_in_the_output(standing: Standing) -> None:
    everything = standing.terraform
    key = everything.outputs()["key"]
    document = json.loads(base64.b64decode(key))
    assert document["client_email"] == f"zenml-dev@{PROJECT}.iam.gserviceaccount.com"
    plan = everything.run("plan", "-no-color", "-replace=google_service_account_key.this").text
    shown = everything.run("show", "-no-color").text
    assert key not in plan + shown
    assert "(sensitive value)" in shown


def test_settings_change_in_place(everything: Terraform, rehearsal: Rehearsal) -> None:
    variables = ("-var=label=two", "-var=artifact_days=60")
    changes = everything.changes(*variables)
    assert changes == {
        address: ["update"]
        for address in (
            "google_artifact_registry_repository.this",
            "google_iam_workload_identity_pool.this",
            "google_iam_workload_identity_pool_provider.this",
            "google_kms_crypto_key.this",
            "google_service_account.this",
            BUCKET,
            "google_storage_bucket_object.this",
        )
    }
    # Other content: other hashes, which nobody knows before.
    unknown = everything.planned("google_storage_bucket_object.this")["after_unknown"]
    assert unknown["md5hash"] and unknown["generation"]
    everything.apply(*variables)
    assert everything.changes(*variables) == {}
    there = rehearsal.resources()
    assert there[REPOSITORY]["labels"]["made"] == "two"
    assert there[ACCOUNT]["displayName"] == "two"
    assert there[POOL]["displayName"] == "two"


def test_what_cannot_change_is_replaced(standing: Standing) -> None:
    everything = standing.terraform
    assert everything.changes("-var=location=EU")[BUCKET] == ["delete", "create"]
    assert everything.planned(BUCKET)["replace_paths"] == [["location"]]


def test_changes_from_outside_are_seen_and_taken_back(
    everything: Terraform, rest: Rest, rehearsal: Rehearsal
) -> None:
    rest.ok(
        "PATCH",
        "/storage/v1/b/acme-ml-dev-zenml",
        {"labels": {"made": "hand", "other": "mine"}, "lifecycle": {"rule": []}},
    )
    rest.ok(
        "PATCH", f"/artifactregistry/v1/{REPOSITORY}?updateMask=description", {"description": "x"}
    )
    rest.ok("DELETE", f"/iam/v1/{POOL}/providers/oidc")
    rest.ok("POST", f"/cloudresourcemanager/v1/projects/{PROJECT}:setIamPolicy", {"policy": {}})
    assert everything.changes() == {
        "google_artifact_registry_repository.this": ["update"],
        "google_iam_workload_identity_pool_provider.this": ["create"],
        "google_project_iam_member.this": ["create"],
        BUCKET: ["update"],
    }
    bucket = everything.planned(BUCKET)
    assert bucket["before"]["labels"] == {"made": "hand"}
    assert len(bucket["after"]["lifecycle_rule"]) == 2
    # A deleted provider keeps its id for 30 days.
    rest.ok("POST", f"/iam/v1/{POOL}/providers/oidc:undelete", {})
    everything.apply()
    assert everything.changes() == {}
    # Somebody else's label is left alone.
    assert rest.ok("GET", "/storage/v1/b/acme-ml-dev-zenml")["labels"]["other"] == "mine"


def test_destroy_leaves_only_what_google_keeps(everything: Terraform, rehearsal: Rehearsal) -> None:
    everything.destroy()
    left = rehearsal.resources()
    assert {name: thing.get("state") or thing.get("deleted") for name, thing in left.items()} == {
        RING: None,
        f"{RING}/cryptoKeys/zenml": None,
        f"{RING}/cryptoKeys/zenml/cryptoKeyVersions/1": "DESTROY_SCHEDULED",
        POOL: "DELETED",
        f"{POOL}/providers/oidc": "DELETED",
        f"projects/{PROJECT}/roles/zenml_dev": True,
    }
    assert rehearsal.policy(f"projects/{PROJECT}") == []
    assert "run.googleapis.com" not in rehearsal.cloud.projects[PROJECT].enabled


IMPORTS = {
    "google_artifact_registry_repository.this": REPOSITORY,
    "google_artifact_registry_repository_iam_member.this": f"{REPOSITORY} "
    f"roles/artifactregistry.writer serviceAccount:zenml-dev@{PROJECT}.iam.gserviceaccount.com",
    "google_iam_workload_identity_pool.this": POOL,
    "google_iam_workload_identity_pool_provider.this": f"{POOL}/providers/oidc",
    "google_kms_crypto_key.this": f"{RING}/cryptoKeys/zenml",
    "google_kms_key_ring.this": RING,
    "google_project_iam_custom_role.this": f"projects/{PROJECT}/roles/zenml_dev",
    "google_project_iam_member.this": f"{PROJECT} projects/{PROJECT}/roles/zenml_dev "
    f"serviceAccount:zenml-dev@{PROJECT}.iam.gserviceaccount.com own_secrets",
    "google_project_service.this": f"{PROJECT}/run.googleapis.com",
    "google_service_account.this": ACCOUNT,
    "google_storage_bucket.plain": "acme-ml-dev-plain",
    "google_storage_bucket_iam_member.this": "b/acme-ml-dev-zenml roles/storage.objectUser "
    f"serviceAccount:zenml-dev@{PROJECT}.iam.gserviceaccount.com own_path",
}


def test_what_is_imported_is_what_was_made(everything: Terraform) -> None:
    """Forget everything that can be imported, and take it back by `import` blocks."""
    everything.run("state", "rm", *IMPORTS)
    blocks = (
        f"import {{\n  to = {address}\n  id = {json.dumps(identifier)}\n}}\n"
        for address, identifier in IMPORTS.items()
    )
    (everything.folder / "imports.tf").write_text("\n".join(blocks))
    text = everything.apply()
    assert f"{len(IMPORTS)} imported, 0 added" in text
    assert "0 destroyed" in text
    assert everything.changes() == {}
