"""Calls to buckets and their policies, which fake-gcs-server doesn't support."""

from __future__ import annotations

from zenstrap_rehearsal.conditions import bucket_subject
from zenstrap_rehearsal.iam import OWNER
from zenstrap_rehearsal.storage.buckets import changed, new_bucket
from zenstrap_rehearsal.storage.calls import JSON, Call, Reply
from zenstrap_rehearsal.storage.policies import as_read, checked
from zenstrap_rehearsal.storage.refusals import (
    Refusal,
    already_yours,
    invalid,
    name_taken,
    not_empty,
)
from zenstrap_rehearsal.storage.store import Store, check_preconditions


def insert(store: Store, call: Call) -> Reply:
    project = call.parameter("project")
    if not project:
        raise Refusal(400, "Required parameter: project", "required")
    store.require_project(call, "storage.buckets.create", project)
    body = call.json()
    bucket = new_bucket(
        body,
        project=project,
        number=store.surroundings.project_number(project),
        url=store.url,
        now=store.now(),
    )
    if bucket.name in store.taken:
        raise name_taken()
    if existing := store.buckets.get(bucket.name):
        raise already_yours() if existing.project == project else name_taken()
    _check_key(store, bucket.resource, {}, project)
    store.backend.make_bucket(bucket.name)
    store.buckets[bucket.name] = bucket
    return Reply.of(bucket.resource)


def list_all(store: Store, call: Call) -> Reply:
    project = call.parameter("project")
    if not project:
        raise Refusal(400, "Required parameter: project", "required")
    store.require_project(call, "storage.buckets.list", project)
    prefix = call.parameter("prefix") or ""
    items = [
        bucket.resource
        for name, bucket in sorted(store.buckets.items())
        if bucket.project == project and name.startswith(prefix)
    ]
    return Reply.of({"kind": "storage#buckets", **({"items": items} if items else {})})


def get(store: Store, call: Call, name: str) -> Reply:
    bucket = store.bucket(call, name, "storage.buckets.get")
    check_preconditions(call, bucket.resource)
    resource = bucket.resource
    if call.parameter("projection") == "full" and _may_see_policy(store, call, name):
        # The rehearsal supports only uniform access: the access control lists are empty.
        resource = {**resource, "acl": [], "defaultObjectAcl": []}
    return Reply.of(resource)


def patch(store: Store, call: Call, name: str) -> Reply:
    return _change(store, call, name, replace=False)


def update(store: Store, call: Call, name: str) -> Reply:
    return _change(store, call, name, replace=True)


def delete(store: Store, call: Call, name: str) -> Reply:
    bucket = store.bucket(call, name, "storage.buckets.delete")
    check_preconditions(call, bucket.resource)
    if not bucket.shelf.empty:
        raise not_empty()
    del store.buckets[name]
    return Reply(204)


def get_policy(store: Store, call: Call, name: str) -> Reply:
    bucket = store.bucket(call, name, "storage.buckets.getIamPolicy")
    version = call.parameter("optionsRequestedPolicyVersion") or "1"
    if version not in ("1", "2", "3"):
        raise invalid(f"Invalid policy version: {version}")
    return Reply.of(as_read(name, bucket.bindings, bucket.policy_etag, int(version)))


def set_policy(store: Store, call: Call, name: str) -> Reply:
    bucket = store.bucket(call, name, "storage.buckets.setIamPolicy")
    bindings = checked(
        call.json(),
        bucket.policy_etag,
        resource=bucket.resource,
        surroundings=store.surroundings,
        now=store.now(),
    )
    bucket.set_policy(bindings)
    return Reply.of(as_read(name, bucket.bindings, bucket.policy_etag, 3))


def test_permissions(store: Store, call: Call, name: str) -> Reply:
    bucket = store.find(call, name, "storage.buckets.get")
    subject = bucket_subject(name, store.now())
    held = [p for p in call.query.get("permissions", []) if store.may(call, p, bucket, subject)]
    response: JSON = {"kind": "storage#testIamPermissionsResponse"}
    return Reply.of({**response, "permissions": held} if held else response)


def storage_layout(store: Store, call: Call, name: str) -> Reply:
    bucket = store.find(call, name, "storage.objects.list")
    subject = bucket_subject(name, store.now(), call.parameter("prefix"))
    store.require(call, "storage.objects.list", bucket, subject, "bucket")
    resource = bucket.resource
    space = resource.get("hierarchicalNamespace", {})
    layout: JSON = {
        "kind": "storage#storageLayout",
        "bucket": name,
        "location": resource["location"],
        "locationType": resource["locationType"],
        "hierarchicalNamespace": {"enabled": bool(space.get("enabled"))},
    }
    if placement := resource.get("customPlacementConfig"):
        layout["customPlacementConfig"] = placement
    return Reply.of(layout)


def service_account(store: Store, call: Call, project: str) -> Reply:
    store.require_project(call, "resourcemanager.projects.get", project)
    email = store.surroundings.service_agent(project)
    store.surroundings.agent_told(project)
    return Reply.of({"kind": "storage#serviceAccount", "email_address": email})


def _change(store: Store, call: Call, name: str, *, replace: bool) -> Reply:
    bucket = store.bucket(call, name, "storage.buckets.update")
    check_preconditions(call, bucket.resource)
    resource = changed(bucket.resource, call.json(), store.now(), replace=replace)
    _check_key(store, resource, bucket.resource, bucket.project)
    bucket.resource = resource
    return Reply.of(resource)


def _check_key(store: Store, resource: JSON, before: JSON, project: str) -> None:
    """The project's storage service account must be able to use the bucket's key."""
    key = resource.get("encryption", {}).get("defaultKmsKeyName")
    if not key or key == before.get("encryption", {}).get("defaultKmsKeyName"):
        return
    fault = store.surroundings.key_fault(key, store.surroundings.service_agent(project))
    if fault:
        raise Refusal(403, fault)


def _may_see_policy(store: Store, call: Call, name: str) -> bool:
    if call.principal == OWNER:
        return True
    subject = bucket_subject(name, store.now())
    return store.may(call, "storage.buckets.getIamPolicy", store.buckets[name], subject)
