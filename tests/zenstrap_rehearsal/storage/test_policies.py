"""Policies of buckets, and what roles allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from tests.zenstrap_rehearsal.storage.conftest import ACCOUNTS, FRAUD, UNIFORM
from zenstrap_rehearsal.storage import StorageServer, Surroundings

if TYPE_CHECKING:
    from google.cloud.storage import Client

POLICY = "/storage/v1/b/acme/iam"
MEMBER = f"serviceAccount:{FRAUD}"
ALWAYS = 'resource.service == "storage.googleapis.com"'
CONFIGURATION = {"iamConfiguration": UNIFORM}


def test_a_new_bucket_belongs_to_its_project(owner: Caller) -> None:
    owner.make_bucket()
    policy = owner.call("GET", POLICY).json
    assert (policy["version"], policy["etag"]) == (1, "CAE=")
    assert [b["role"] for b in policy["bindings"]] == [
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
    ]


def test_the_client_library_adds_a_conditional_binding(
    google: Callable[[], Client], owner: Caller
) -> None:
    owner.make_bucket(**CONFIGURATION)
    bucket = google().bucket("acme")
    policy = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    condition = {"title": "t", "expression": ALWAYS}
    policy.bindings.append(
        {"role": "roles/storage.objectUser", "members": {MEMBER}, "condition": condition}
    )
    bucket.set_iam_policy(policy)
    found = bucket.get_iam_policy(requested_policy_version=3)
    assert (found.version, found.bindings[-1]["condition"]) == (3, condition)
    # A reader of older policies sees that there is one, not which.
    old = bucket.get_iam_policy(requested_policy_version=1)
    assert old.version == 1
    assert old.bindings[-1]["role"].startswith("roles/storage.objectUser_withcond_")
    assert "condition" not in old.bindings[-1]
    assert bucket.test_iam_permissions(["storage.buckets.get"]) == ["storage.buckets.get"]


def test_a_policy_that_was_changed_in_between_is_refused(owner: Caller) -> None:
    owner.make_bucket()
    read = owner.call("GET", POLICY).json
    assert owner.grant("roles/storage.objectViewer", MEMBER).status == 200
    assert owner.call("PUT", POLICY, read).status == 412
    assert owner.call("GET", "/storage/v1/b/acme").json["metageneration"] == "2"


@pytest.mark.parametrize(
    ("role", "member", "expression", "status"),
    [
        ("roles/storage.objectViewer", "fraud@p.iam.gserviceaccount.com", None, 400),
        ("roles/storage.objectViewer", "serviceAccount:fraud", None, 400),
        ("roles/storage.objectReader", MEMBER, None, 400),
        ("projects/p/roles/mine", MEMBER, None, 400),
        ("roles/storage.objectViewer", MEMBER, "resource.name ==", 400),
        ("roles/storage.objectViewer", MEMBER, 'resource.name.matches("a")', 400),
        ("roles/storage.legacyBucketReader", MEMBER, ALWAYS, 400),
        ("roles/storage.objectViewer", MEMBER, ALWAYS, 200),
    ],
)
def test_what_a_policy_may_say(
    owner: Caller, role: str, member: str, expression: str | None, status: int
) -> None:
    owner.make_bucket(**CONFIGURATION)
    assert owner.grant(role, member, expression).status == status
    assert len(owner.call("GET", POLICY).json["bindings"]) == (5 if status == 200 else 4)


def test_conditions_need_uniform_access_and_version_3(owner: Caller) -> None:
    owner.make_bucket()
    assert owner.grant("roles/storage.objectViewer", MEMBER, ALWAYS).status == 412
    owner.call("PATCH", "/storage/v1/b/acme", CONFIGURATION)
    assert owner.grant("roles/storage.objectViewer", MEMBER, ALWAYS).status == 200
    policy = owner.call("GET", POLICY, optionsRequestedPolicyVersion=3).json
    assert owner.call("PUT", POLICY, {**policy, "version": 1}).status == 400


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("roles/storage.bucketViewer", "bucket"),
        ("roles/storage.objectViewer", "list read"),
        ("roles/storage.objectCreator", "write"),
        ("roles/storage.objectUser", "list read write overwrite delete"),
        ("roles/storage.legacyBucketReader", "bucket list"),
        ("roles/storage.legacyBucketWriter", "bucket list write overwrite delete"),
        ("roles/storage.legacyObjectReader", "read"),
        ("roles/storage.admin", "bucket policy list read write overwrite delete"),
    ],
)
def test_what_roles_allow(owner: Caller, fraud: Caller, role: str, allowed: str) -> None:
    owner.make_bucket()
    owner.write("a")
    assert owner.grant(role, MEMBER).status == 200
    statuses = {
        "bucket": fraud.call("GET", "/storage/v1/b/acme").status,
        "policy": fraud.call("GET", POLICY).status,
        "list": fraud.call("GET", "/storage/v1/b/acme/o").status,
        "read": fraud.read("a").status,
        "write": fraud.write("b").status,
        "overwrite": fraud.write("a").status,
        "delete": fraud.object("DELETE", "a").status,
    }
    assert {what for what, status in statuses.items() if status < 300} == set(allowed.split())
    assert {status for status in statuses.values() if status >= 300} <= {403}


def test_a_refusal_says_who_lacks_what(owner: Caller, fraud: Caller) -> None:
    owner.make_bucket()
    owner.write("a")
    assert fraud.read("a").message == (
        f"{FRAUD} does not have storage.objects.get access to the Google Cloud Storage object. "
        "Permission 'storage.objects.get' denied on resource (or it may not exist)."
    )
    made = fraud.call("POST", "/storage/v1/b", {"name": "mine"}, project="p")
    assert made.message.startswith(
        f"{FRAUD} does not have storage.buckets.create access to the Google Cloud project."
    )
    asked = ["storage.buckets.get", "storage.objects.get"]
    path = f"{POLICY}/testPermissions"
    assert "permissions" not in fraud.call("GET", path, permissions=asked).json
    owner.grant("roles/storage.objectViewer", MEMBER)
    held = fraud.call("GET", path, permissions=asked).json["permissions"]
    assert held == ["storage.objects.get"]


@pytest.fixture
def surrounded(tmp_path: Path) -> Iterator[StorageServer]:
    """A server in a cloud with a custom role, a binding on the project, and one denial."""
    bindings = [{"role": "projects/p/roles/lister", "members": ["principalSet:team"]}]
    surroundings = Surroundings(
        project_number={"p": "42"}.__getitem__,
        memberships=lambda principal: {"principalSet:team"} if principal == FRAUD else (),
        binding_fault=lambda b: "Service account does not exist." if "gone" in str(b) else None,
        permissions_of={"projects/p/roles/lister": ["storage.buckets.list"]}.get,
        project_bindings=lambda project: bindings,
        denied=lambda permission: permission == "storage.buckets.delete",
    )
    with StorageServer(tmp_path, ACCOUNTS.get, surroundings=surroundings) as server:
        yield server


def test_the_surroundings_have_their_say(surrounded: StorageServer) -> None:
    owner, fraud = Caller(surrounded.url), Caller(surrounded.url, "fraud-token")
    owner.make_bucket()
    listing = fraud.call("GET", "/storage/v1/b", project="p")
    assert [b["name"] for b in listing.json["items"]] == ["acme"]
    assert owner.grant("roles/storage.admin", "serviceAccount:gone@x.y").status == 400
    assert owner.grant("projects/p/roles/lister", MEMBER).status == 200
    assert owner.call("DELETE", "/storage/v1/b/acme").status == 403
    unknown = owner.call("POST", "/storage/v1/b", {"name": "other"}, project="typo")
    assert (unknown.status, unknown.message) == (400, "Unknown project id: typo")
