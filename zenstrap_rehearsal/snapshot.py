"""Saves a rehearsal to a folder and loads it again: resources, policies, buckets and objects.

Not saved: tokens, faults, soft-deleted objects and unfinished uploads. A cloud doesn't store the
private half of a service account's key, so it isn't saved either: :func:`renew_keys` creates new
keys.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from zenstrap_rehearsal.cloud import account_keys
from zenstrap_rehearsal.cloud.core import Cloud, Project
from zenstrap_rehearsal.storage.buckets import Bucket
from zenstrap_rehearsal.storage.store import Store
from zenstrap_rehearsal.storage.versions import State, Version

_CLOUD: Final = "cloud.json"
_BUCKETS: Final = "buckets.json"
_OBJECTS: Final = "objects"

# Placeholders for the servers' URLs, whose ports differ each time.
_CLOUD_URL: Final = "https://cloud.rehearsal.invalid"
_STORAGE_URL: Final = "https://storage.rehearsal.invalid"


def save(cloud: Cloud, store: Store, folder: Path) -> None:
    """Write everything into a new folder."""
    (folder / _OBJECTS).mkdir(parents=True)
    with cloud.lock, store.lock:
        content = {
            "projects": [_plain(project) for project in cloud.projects.values()],
            "things": cloud.things,
            "policies": cloud.policies,
            "keys": cloud.keys,
            "counter": cloud.count,
        }
        buckets = [_saved_bucket(store, bucket, folder) for bucket in store.buckets.values()]
    for name, value in ((_CLOUD, content), (_BUCKETS, buckets)):
        text = json.dumps(value, indent=1, sort_keys=True)
        text = text.replace(cloud.url, _CLOUD_URL).replace(store.url, _STORAGE_URL)
        (folder / name).write_text(text + "\n", encoding="utf-8")


def load(cloud: Cloud, store: Store, folder: Path) -> None:
    """Load a saved rehearsal into a new one that has started and is still empty."""

    def read(name: str) -> Any:
        text = (folder / name).read_text(encoding="utf-8")
        return json.loads(text.replace(_CLOUD_URL, cloud.url).replace(_STORAGE_URL, store.url))

    content = read(_CLOUD)
    with cloud.lock, store.lock:
        cloud.projects.update({p["id"]: _project(p) for p in content["projects"]})
        cloud.things.update(content["things"])
        cloud.policies.update(content["policies"])
        cloud.keys.update({name: (pem, email) for name, (pem, email) in content["keys"].items()})
        cloud.count = content["counter"]
        for saved in read(_BUCKETS):
            bucket = _loaded_bucket(store, saved, folder)
            store.buckets[bucket.name] = bucket


def renew_keys(cloud: Cloud) -> dict[str, str]:
    """New key pairs for all keys of service accounts, under their old ids: id → JSON document."""
    documents = {}
    with cloud.lock:
        for name, thing in cloud.things.items():
            owner, separator, key_id = name.rpartition("/keys/")
            if not separator or key_id not in cloud.keys:
                continue
            document, public = account_keys.key_document(cloud, cloud.things[owner], key_id)
            cloud.keys[key_id] = (public, cloud.keys[key_id][1])
            thing["publicKeyData"] = base64.b64encode(public.encode()).decode()
            documents[key_id] = document
    return documents


def _plain(project: Project) -> dict[str, Any]:
    fields = dataclasses.asdict(project)
    return {name: sorted(v) if isinstance(v, set) else v for name, v in fields.items()}


def _project(saved: dict[str, Any]) -> Project:
    sets = {field.name for field in dataclasses.fields(Project) if str(field.type) == "set[str]"}
    content: dict[str, Any] = {
        name: set(value) if name in sets else value for name, value in saved.items()
    }
    return Project(**content)


def _saved_bucket(store: Store, bucket: Bucket, folder: Path) -> dict[str, Any]:
    versions: list[dict[str, Any]] = []
    for version in bucket.shelf:
        if version.state is State.SOFT_DELETED:
            continue
        path = f"/download/storage/v1/b/{bucket.name}/o/{quote(version.name, safe='')}"
        reply = store.backend.call("GET", f"{path}?alt=media&generation={version.generation}")
        content = f"{bucket.name}-{len(versions)}"
        (folder / _OBJECTS / content).write_bytes(reply.body)
        versions.append(
            {"resource": version.resource, "state": version.state.value, "content": content}
        )
    return {
        "project": bucket.project,
        "resource": bucket.resource,
        "bindings": bucket.bindings,
        "policy_generation": bucket.policy_generation,
        "versions": versions,
    }


def _loaded_bucket(store: Store, saved: dict[str, Any], folder: Path) -> Bucket:
    bucket = Bucket(
        saved["project"], saved["resource"], saved["bindings"], saved["policy_generation"]
    )
    store.backend.make_bucket(bucket.name)
    for saved_version in saved["versions"]:
        resource = saved_version["resource"]
        kind = resource.get("contentType", "application/octet-stream")
        written = store.backend.call(
            "POST",
            f"/upload/storage/v1/b/{bucket.name}/o"
            f"?uploadType=media&name={quote(resource['name'], safe='')}",
            headers={"Content-Type": kind},
            body=(folder / _OBJECTS / saved_version["content"]).read_bytes(),
        ).json()
        # Size and checksums are computed again: a test may have edited a saved object.
        fresh = {key: written[key] for key in ("size", "crc32c", "md5Hash")}
        # The object's id and links contain its generation.
        text = json.dumps({**resource, **fresh}).replace(
            resource["generation"], written["generation"]
        )
        version = Version(json.loads(text), State(saved_version["state"]))
        version.mark()
        bucket.shelf.restore(version)
    for name in {version.name for version in bucket.shelf}:
        if bucket.shelf.live(name) is None:
            store.backend.call("DELETE", f"/storage/v1/b/{bucket.name}/o/{quote(name, safe='')}")
    return bucket
