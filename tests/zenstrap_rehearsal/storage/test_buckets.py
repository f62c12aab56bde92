"""Buckets as resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from tests.zenstrap_rehearsal.storage.conftest import ACCOUNTS, UNIFORM
from zenstrap_rehearsal.storage import StorageServer, Surroundings

if TYPE_CHECKING:
    from google.cloud.storage import Client

BUCKET = "/storage/v1/b/acme"
KEY = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"


def test_a_new_bucket_has_googles_defaults(owner: Caller) -> None:
    bucket = owner.make_bucket()
    assert (bucket["location"], bucket["locationType"], bucket["rpo"]) == (
        "US",
        "multi-region",
        "DEFAULT",
    )
    assert bucket["storageClass"] == "STANDARD"
    assert bucket["softDeletePolicy"]["retentionDurationSeconds"] == "604800"
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "inherited"
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
    assert (bucket["metageneration"], bucket["etag"]) == ("1", "CAE=")
    assert owner.call("GET", BUCKET).json == bucket


def test_the_client_library_makes_and_changes_buckets(google: Callable[[], Client]) -> None:
    client = google()
    bucket = client.bucket("acme")
    bucket.labels = {"team": "ml", "stage": "dev"}
    bucket.versioning_enabled = True
    bucket.storage_class = "NEARLINE"
    bucket.default_kms_key_name = KEY.format("europe-west1")
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.add_lifecycle_delete_rule(age=30, matches_prefix=["shared/"])
    made = client.create_bucket(bucket, location="europe-west1")
    assert (made.location, made.location_type) == ("EUROPE-WEST1", "region")
    assert made.default_kms_key_name == KEY.format("europe-west1")

    made.labels = {"team": "ml"}
    made.versioning_enabled = False
    made.add_lifecycle_set_storage_class_rule("ARCHIVE", age=5)
    made.patch(if_metageneration_match=1)
    found = client.get_bucket("acme")
    assert found.labels == {"team": "ml"}
    assert not found.versioning_enabled
    assert [rule["action"]["type"] for rule in found.lifecycle_rules] == [
        "Delete",
        "SetStorageClass",
    ]
    assert (found.metageneration, found.storage_class) == (2, "NEARLINE")
    found.clear_lifecycle_rules()
    found.update()
    assert list(client.get_bucket("acme").lifecycle_rules) == []
    assert [b.name for b in client.list_buckets(prefix="ac")] == ["acme"]
    assert [b.name for b in client.list_buckets(prefix="b")] == []
    assert client.get_service_account_email().endswith(
        "@gs-project-accounts.iam.gserviceaccount.com"
    )
    found.delete()
    assert not client.bucket("acme").exists()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"location": "europe-west1"}, "region"),
        ({"location": "EU"}, "multi-region"),
        ({"location": "EUR4"}, "dual-region"),
        (
            {
                "location": "EU",
                "customPlacementConfig": {"dataLocations": ["EUROPE-WEST1", "europe-west4"]},
            },
            "dual-region",
        ),
    ],
)
def test_locations_have_types(owner: Caller, fields: dict[str, Any], expected: str) -> None:
    assert owner.make_bucket(**fields)["locationType"] == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Acme"},
        {"name": "ab"},
        {"name": "goog-acme"},
        {"name": "192.168.5.4"},
        {"location": "europe-west99"},
        {"location": "EU", "customPlacementConfig": {"dataLocations": ["US-EAST1", "US-WEST1"]}},
        {"storageClass": "COLD"},
        {"labels": {"Team": "ml"}},
        {"labels": {"team": "a" * 64}},
        {"labels": {f"k{n}": "" for n in range(65)}},
        {"softDeletePolicy": {"retentionDurationSeconds": 60}},
        {"iamConfiguration": {"publicAccessPrevention": "yes"}},
        {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {}}]}},
        {"lifecycle": {"rule": [{"action": {"type": "Erase"}, "condition": {"age": 1}}]}},
        {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"days": 1}}]}},
        {"encryption": {"defaultKmsKeyName": "my-key"}},
        {"location": "EU", "encryption": {"defaultKmsKeyName": KEY.format("europe-west1")}},
    ],
)
def test_what_google_refuses(owner: Caller, fields: dict[str, Any]) -> None:
    answer = owner.call("POST", "/storage/v1/b", {"name": "acme", **fields}, project="p")
    assert (answer.status, answer.json["error"]["errors"][0]["reason"]) == (400, "invalid")
    assert "items" not in owner.call("GET", "/storage/v1/b", project="p").json


def test_the_key_of_a_multi_region_lies_in_kms_name_of_it(owner: Caller) -> None:
    key = KEY.format("europe")
    bucket = owner.make_bucket(location="EU", encryption={"defaultKmsKeyName": key})
    assert bucket["encryption"] == {"defaultKmsKeyName": key}
    assert owner.write("a").json["kmsKeyName"].startswith(key)


def test_patches_merge_and_null_removes(owner: Caller) -> None:
    owner.make_bucket(labels={"a": "1", "b": "2"}, versioning={"enabled": True})
    patched = owner.call("PATCH", BUCKET, {"labels": {"a": None, "c": "3"}}).json
    assert patched["labels"] == {"b": "2", "c": "3"}
    assert patched["versioning"] == {"enabled": True}
    assert owner.call("PATCH", BUCKET, {"labels": None}).json.get("labels") is None
    rule = {"action": {"type": "Delete"}, "condition": {"age": 1}}
    owner.call("PATCH", BUCKET, {"lifecycle": {"rule": [rule]}})
    assert "lifecycle" not in owner.call("PATCH", BUCKET, {"lifecycle": {"rule": []}}).json
    assert owner.call("PATCH", BUCKET, {"location": "EU"}).status == 400


def test_a_change_can_depend_on_the_metageneration(owner: Caller) -> None:
    owner.make_bucket()
    change = {"labels": {"a": "1"}}
    assert owner.call("PATCH", BUCKET, change, ifMetagenerationMatch=2).status == 412
    assert owner.call("PATCH", BUCKET, change, ifMetagenerationMatch=1).status == 200
    assert owner.call("DELETE", BUCKET, ifMetagenerationMatch=1).status == 412
    assert owner.call("GET", BUCKET, ifMetagenerationNotMatch=2).status == 304


def test_names_are_everybodys(server: StorageServer, owner: Caller) -> None:
    server.take_name("acme")
    taken = owner.call("POST", "/storage/v1/b", {"name": "acme"}, project="p")
    assert taken.status == 409
    assert taken.message.startswith("The requested bucket name is not available.")
    assert owner.call("GET", BUCKET).status == 403
    assert owner.call("GET", f"{BUCKET}/o").status == 403
    owner.make_bucket("mine")
    again = owner.call("POST", "/storage/v1/b", {"name": "mine"}, project="p")
    assert (again.status, "you already own it" in again.message) == (409, True)
    other = owner.call("POST", "/storage/v1/b", {"name": "mine"}, project="other")
    assert (other.status, "not available" in other.message) == (409, True)
    assert owner.call("GET", "/storage/v1/b/nobodys").status == 404


def test_only_an_empty_bucket_goes(owner: Caller) -> None:
    owner.make_bucket(versioning={"enabled": True})
    owner.write("a")
    assert owner.call("DELETE", BUCKET).status == 409
    owner.object("DELETE", "a")
    # Its noncurrent version is still there.
    assert owner.call("DELETE", BUCKET).status == 409
    owner.object("DELETE", "a", generation=owner.generations()[0])
    assert owner.call("DELETE", BUCKET).status == 204
    assert owner.call("GET", BUCKET).status == 404
    owner.make_bucket()
    assert owner.names() == []


def test_the_storage_layout_tells_the_location(owner: Caller) -> None:
    owner.make_bucket(location="EUR4")
    layout = owner.call("GET", f"{BUCKET}/storageLayout").json
    assert (layout["location"], layout["locationType"]) == ("EUR4", "dual-region")
    assert layout["hierarchicalNamespace"] == {"enabled": False}


@pytest.fixture
def keyless(tmp_path: Path) -> Iterator[Caller]:
    """A cloud whose keys refuse Cloud Storage's own account."""
    surroundings = Surroundings(
        project_number=lambda project: "42",
        key_fault=lambda key, account: f"Permission denied on Cloud KMS key {key}: {account}",
    )
    with StorageServer(tmp_path, ACCOUNTS.get, surroundings=surroundings) as server:
        yield Caller(server.url)


def test_a_key_that_storage_may_not_use_is_refused(keyless: Caller) -> None:
    encryption = {"defaultKmsKeyName": KEY.format("us")}
    fields = {"name": "acme", "encryption": encryption}
    refused = keyless.call("POST", "/storage/v1/b", fields, project="p")
    assert refused.status == 403
    assert "service-42@gs-project-accounts" in refused.message
    assert keyless.make_bucket()["projectNumber"] == "42"
    assert keyless.call("PATCH", BUCKET, {"encryption": encryption}).status == 403
    assert "encryption" not in keyless.call("GET", BUCKET).json


def test_public_members_are_refused_where_the_public_is(owner: Caller) -> None:
    owner.make_bucket(iamConfiguration={**UNIFORM, "publicAccessPrevention": "enforced"})
    assert owner.grant("roles/storage.objectViewer", "allUsers").status == 412
