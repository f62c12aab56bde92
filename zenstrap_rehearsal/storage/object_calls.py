"""Calls to objects: selects the version and checks access; fake-gcs-server has the content."""

from __future__ import annotations

import copy
import uuid
from typing import Final
from urllib.parse import quote

from zenstrap_rehearsal.conditions import bucket_subject
from zenstrap_rehearsal.storage.buckets import Bucket, timestamp
from zenstrap_rehearsal.storage.calls import JSON, Call, Reply
from zenstrap_rehearsal.storage.listing import Query, listed
from zenstrap_rehearsal.storage.refusals import invalid, no_bucket, no_object
from zenstrap_rehearsal.storage.store import Store, check_preconditions
from zenstrap_rehearsal.storage.versions import Keeping, State, Version

_WRITABLE: Final = (
    "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage", "contentType",
    "customTime", "eventBasedHold", "metadata", "storageClass", "temporaryHold",
)  # fmt: skip
_FORWARDED: Final = ("range", "accept-encoding")
_HOP: Final = frozenset({"connection", "date", "transfer-encoding", "keep-alive"})


def list_all(store: Store, call: Call, bucket_name: str) -> Reply:
    bucket = store.find(call, bucket_name, "storage.objects.list")
    # A listing is authorized on the bucket; its prefix is an attribute of the call.
    subject = bucket_subject(bucket_name, store.now(), call.parameter("prefix"))
    store.require(call, "storage.objects.list", bucket, subject, "bucket")
    return Reply.of(listed(bucket.shelf, Query.of(call)))


def get(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    version = _readable(store, call, bucket_name, name)
    check_preconditions(call, version.resource)
    return Reply.of(version.resource)


def download(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    with store.lock:
        version = _readable(store, call, bucket_name, name)
        check_preconditions(call, version.resource)
        resource = copy.deepcopy(version.resource)
    headers = {key: value for key, value in call.headers.items() if key in _FORWARDED}
    path = f"/download/storage/v1/b/{bucket_name}/o/{quote(name, safe='')}"
    path += f"?alt=media&generation={resource['generation']}"
    reply = store.backend.call(call.method, path, headers=headers)
    changed = {
        **{k: v for k, v in reply.headers.items() if k.lower() not in _HOP},
        "X-Goog-Metageneration": resource["metageneration"],
        "X-Goog-Storage-Class": resource["storageClass"],
    }
    if reply.status < 300 and resource.get("contentType"):
        changed["Content-Type"] = resource["contentType"]
    return Reply(reply.status, changed, reply.body)


def patch(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    return _change(store, call, bucket_name, name, replace=False)


def update(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    return _change(store, call, bucket_name, name, replace=True)


def delete(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    bucket = store.find(call, bucket_name, "storage.objects.delete")
    store.require_object(call, "storage.objects.delete", bucket, name)
    generation = call.parameter("generation")
    version = store.version(call, bucket, name, generation)
    check_preconditions(call, version.resource)
    remove(store, bucket, version, store.keeping(bucket), for_good=generation is not None)
    return Reply(204)


def rewrite(
    store: Store, call: Call, source: str, source_name: str, target: str, target_name: str
) -> Reply:
    resource = _copied(store, call, (source, source_name), (target, target_name))
    size = resource["size"]
    return Reply.of(
        {
            "kind": "storage#rewriteResponse",
            "totalBytesRewritten": size,
            "objectSize": size,
            "done": True,
            "resource": resource,
        }
    )


def copy_to(
    store: Store, call: Call, source: str, source_name: str, target: str, target_name: str
) -> Reply:
    return Reply.of(_copied(store, call, (source, source_name), (target, target_name)))


def move(store: Store, call: Call, bucket_name: str, name: str, target_name: str) -> Reply:
    bucket = store.find(call, bucket_name, "storage.objects.move")
    store.require_object(call, "storage.objects.move", bucket, name)
    version = store.version(call, bucket, name)
    resource = _copied(store, call, (bucket_name, name), (bucket_name, target_name), moved=True)
    remove(store, bucket, version, store.keeping(bucket))
    return Reply.of(resource)


def restore(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    """Restore a soft-deleted version as a new live one."""
    bucket = store.find(call, bucket_name, "storage.objects.restore")
    store.require_object(call, "storage.objects.restore", bucket, name)
    store.require_object(call, "storage.objects.create", bucket, name)
    generation = call.parameter("generation") or ""
    version = bucket.shelf.find(name, generation, soft_deleted=True)
    if not version:
        raise no_object(bucket_name, name, generation)
    live = bucket.shelf.live(name)
    check_preconditions(call, live.resource if live else None)
    return Reply.of(_duplicate(store, version, bucket, name, {}))


def compose(store: Store, call: Call, bucket_name: str, name: str) -> Reply:
    bucket = store.find(call, bucket_name, "storage.objects.create")
    authorize_writing(store, call, bucket, name)
    body = call.json()
    parts = [str(source.get("name", "")) for source in body.get("sourceObjects", [])]
    if not 1 <= len(parts) <= 32:
        raise invalid("The number of source components provided must be between 1 and 32.")
    for part in parts:
        _readable(store, call, bucket_name, part)
    # First under a temporary name: fake-gcs-server would reuse an overwritten object's generation.
    staging = f".compose/{uuid.uuid4()}"
    sources = Reply.of({"sourceObjects": [{"name": p} for p in parts], "destination": {}})
    path = f"/storage/v1/b/{bucket_name}/o/{quote(staging, safe='')}"
    store.backend.call("POST", f"{path}/compose", headers=sources.headers, body=sources.body)
    draft = store.backend.call("GET", path).json()
    fields = {key: body.get("destination", {}).get(key) for key in _WRITABLE}
    resource = _duplicate(store, Version(draft), bucket, name, fields)
    store.backend.call("DELETE", path)
    resource["componentCount"] = len(parts)
    resource.pop("md5Hash", None)
    return Reply.of(resource)


def authorize_writing(store: Store, call: Call, bucket: Bucket, name: str) -> None:
    """Check the permissions to create, or overwrite, an object, and the preconditions.

    Raises:
        Refusal: the object may not be written.
    """
    if not name:
        raise invalid("Required")
    store.require_object(call, "storage.objects.create", bucket, name)
    live = bucket.shelf.live(name)
    if live:
        store.require_object(call, "storage.objects.delete", bucket, name)
    check_preconditions(call, live.resource if live else None)


def record(store: Store, bucket: Bucket, written: JSON) -> JSON:
    """Record an object that fake-gcs-server has just written, with the fields that it lacks."""
    resource = {key: value for key, value in written.items() if key != "acl" and value != ""}
    name, generation = str(resource["name"]), str(resource["generation"])
    address = f"storage/v1/b/{bucket.name}/o/{quote(name, safe='')}"
    resource["id"] = f"{bucket.name}/{name}/{generation}"
    resource["selfLink"] = f"{store.url}/{address}"
    resource["mediaLink"] = f"{store.url}/download/{address}?generation={generation}&alt=media"
    resource["metageneration"] = "1"
    if resource.get("storageClass", "STANDARD") == "STANDARD":
        resource["storageClass"] = bucket.resource["storageClass"]
    if bucket.default_key:
        resource["kmsKeyName"] = f"{bucket.default_key}/cryptoKeyVersions/1"
    version = Version(resource)
    version.mark()
    bucket.shelf.put(version, store.keeping(bucket))
    return resource


def remove(
    store: Store, bucket: Bucket, version: Version, keeping: Keeping, *, for_good: bool = False
) -> None:
    """Delete a version: permanently, or as the bucket's versioning and soft deletion say."""
    if version.state is State.LIVE:
        path = f"/storage/v1/b/{bucket.name}/o/{quote(version.name, safe='')}"
        store.backend.call("DELETE", path)
    if version.state is State.LIVE and not for_good:
        bucket.shelf.retire(version, keeping)
    else:
        bucket.shelf.delete(version, keeping)


def _readable(store: Store, call: Call, bucket_name: str, name: str) -> Version:
    bucket = store.find(call, bucket_name, "storage.objects.get")
    store.require_object(call, "storage.objects.get", bucket, name)
    return store.version(call, bucket, name, call.parameter("generation"))


def _change(store: Store, call: Call, bucket_name: str, name: str, *, replace: bool) -> Reply:
    bucket = store.find(call, bucket_name, "storage.objects.update")
    store.require_object(call, "storage.objects.update", bucket, name)
    version = store.version(call, bucket, name, call.parameter("generation"))
    check_preconditions(call, version.resource)
    body = call.json()
    for key in _WRITABLE:
        if replace and key not in body and key != "storageClass":
            version.resource.pop(key, None)
        if key not in body:
            continue
        value = body[key]
        if key == "metadata" and value is not None:
            old = {} if replace else version.resource.get("metadata", {})
            value = {k: v for k, v in {**old, **value}.items() if v is not None}
        if value in (None, {}, ""):
            version.resource.pop(key, None)
        else:
            version.resource[key] = value
    version.touch(timestamp(store.now()))
    return Reply.of(version.resource)


def _copied(
    store: Store,
    call: Call,
    source: tuple[str, str],
    target: tuple[str, str],
    *,
    moved: bool = False,
) -> JSON:
    origin = store.find(call, source[0], "storage.objects.get")
    if not moved:
        store.require_object(call, "storage.objects.get", origin, source[1])
    version = store.version(call, origin, source[1], call.parameter("sourceGeneration"))
    check_preconditions(call, version.resource, source=True)
    bucket = store.find(call, target[0], "storage.objects.create")
    authorize_writing(store, call, bucket, target[1])
    body = call.json()
    fields = {key: body.get(key) for key in _WRITABLE}
    return _duplicate(store, version, bucket, target[1], fields)


def _duplicate(store: Store, version: Version, bucket: Bucket, name: str, fields: JSON) -> JSON:
    """A new live object with a version's content; `fields` replace the version's own."""
    source = version.resource
    replaced = {key: value for key, value in fields.items() if value}
    body = Reply.of({k: v for k, v in {**source, **replaced}.items() if k in _WRITABLE})
    path = f"/storage/v1/b/{source['bucket']}/o/{quote(str(source['name']), safe='')}"
    path += f"/copyTo/b/{bucket.name}/o/{quote(name, safe='')}"
    path += f"?sourceGeneration={version.generation}"
    written = store.backend.call("POST", path, headers=body.headers, body=body.body)
    if written.status >= 400:
        raise no_bucket()
    resource = {**written.json(), **body.json()}
    return record(store, bucket, resource)
