"""Buckets as resources: the fields that a caller sets, and those that Google computes.

https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

from __future__ import annotations

import base64
import copy
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from zenstrap_rehearsal.storage.bucket_rules import check, place
from zenstrap_rehearsal.storage.calls import JSON
from zenstrap_rehearsal.storage.policies import initial_bindings
from zenstrap_rehearsal.storage.refusals import invalid
from zenstrap_rehearsal.storage.versions import Shelf

_WEEK: Final = 7 * 24 * 60 * 60
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")

# Fields that can be changed after the bucket was created.
_WRITABLE: Final = (
    "autoclass", "billing", "cors", "defaultEventBasedHold", "encryption", "iamConfiguration",
    "labels", "lifecycle", "logging", "retentionPolicy", "rpo", "softDeletePolicy", "storageClass",
    "versioning", "website",
)  # fmt: skip
_ONCE: Final = ("location", "customPlacementConfig", "hierarchicalNamespace", "objectRetention")


@dataclass
class Bucket:
    """A bucket, its policy and its objects."""

    project: str
    resource: JSON
    bindings: list[JSON]
    policy_generation: int = 1
    shelf: Shelf = field(default_factory=Shelf)

    @property
    def name(self) -> str:
        return str(self.resource["name"])

    @property
    def versioned(self) -> bool:
        return bool(self.resource.get("versioning", {}).get("enabled"))

    @property
    def soft_delete_seconds(self) -> int:
        return int(self.resource["softDeletePolicy"]["retentionDurationSeconds"])

    @property
    def policy_etag(self) -> str:
        return etag(self.policy_generation)

    @property
    def default_key(self) -> str | None:
        key = self.resource.get("encryption", {}).get("defaultKmsKeyName")
        return str(key) if key else None

    def set_policy(self, bindings: list[JSON]) -> None:
        self.bindings = bindings
        self.policy_generation += 1
        _touch(self.resource)


def new_bucket(body: JSON, *, project: str, number: str, url: str, now: datetime) -> Bucket:
    """A bucket as Google would create it.

    Raises:
        Refusal: Google would refuse it.
    """
    name = str(body.get("name", ""))
    _check_name(name)
    kept = {key: copy.deepcopy(body[key]) for key in (*_WRITABLE, *_ONCE) if body.get(key)}
    location = str(kept.get("location", "US")).upper()
    resource: JSON = {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "selfLink": f"{url}/storage/v1/b/{name}",
        "projectNumber": number,
        "generation": str(int(now.timestamp() * 1_000_000)),
        "timeCreated": timestamp(now),
        "metageneration": "0",
        "storageClass": "STANDARD",
        "softDeletePolicy": {"retentionDurationSeconds": str(_WEEK)},
        **kept,
        "location": location,
        "locationType": place(location, kept.get("customPlacementConfig")),
    }
    if resource["locationType"] != "region":
        resource.setdefault("rpo", "DEFAULT")
    _complete(resource, {}, now)
    uniform = bool(resource["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"])
    return Bucket(project, resource, initial_bindings(project, uniform_access=uniform))


def changed(resource: JSON, body: JSON, now: datetime, *, replace: bool) -> JSON:
    """A bucket's resource after a change.

    Args:
        body: a JSON merge patch, or all writable fields if `replace`.

    Raises:
        Refusal: the change is not allowed.
    """
    for key in ("name", "location"):
        if body.get(key) and str(body[key]).upper() != str(resource[key]).upper():
            raise invalid(f"The bucket's {key} can't be changed.")
    new = copy.deepcopy(resource)
    if replace:
        for key in _WRITABLE:
            if key not in ("storageClass", "softDeletePolicy"):
                new.pop(key, None)
    for key in _WRITABLE:
        if key in body:
            new[key] = _merged(new.get(key), body[key])
            if new[key] is None:
                del new[key]
    new.setdefault("storageClass", "STANDARD")
    new.setdefault("softDeletePolicy", {"retentionDurationSeconds": str(_WEEK)})
    _complete(new, resource, now)
    return new


def etag(generation: int) -> str:
    """Google's etags of buckets and policies: a field number, then the number as a varint."""
    parts = [8]
    while generation > 127:
        parts.append(generation % 128 + 128)
        generation //= 128
    return base64.b64encode(bytes([*parts, generation])).decode()


def timestamp(moment: datetime) -> str:
    """A time as the JSON API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _complete(resource: JSON, before: JSON, now: datetime) -> None:
    """Add computed and default values (in place), and validate the result."""
    settings = resource.setdefault("iamConfiguration", {})
    # bucketPolicyOnly is the field's former name.
    uniform = settings.setdefault("uniformBucketLevelAccess", {"enabled": False})
    uniform.setdefault("enabled", False)
    if not uniform["enabled"]:
        uniform.pop("lockedTime", None)
    settings["bucketPolicyOnly"] = uniform
    settings.setdefault("publicAccessPrevention", "inherited")
    soft = resource["softDeletePolicy"]
    soft["retentionDurationSeconds"] = str(soft.get("retentionDurationSeconds", 0))
    if soft != before.get("softDeletePolicy"):
        soft["effectiveTime"] = timestamp(now)
    # Empty is the same as absent.
    for key, inner in (("lifecycle", "rule"), ("encryption", "defaultKmsKeyName")):
        if key in resource and not resource[key].get(inner):
            del resource[key]
    for key in ("labels", "cors", "retentionPolicy", "logging", "website"):
        if key in resource and not resource[key]:
            del resource[key]
    if policy := resource.get("retentionPolicy"):
        policy["retentionPeriod"] = str(policy["retentionPeriod"])
        policy.setdefault("effectiveTime", timestamp(now))
    check(resource)
    _touch(resource)
    resource["updated"] = timestamp(now)


def _touch(resource: JSON) -> None:
    resource["metageneration"] = str(int(resource["metageneration"]) + 1)
    resource["etag"] = etag(int(resource["metageneration"]))


def _merged(old: object, change: object) -> object:
    """JSON merge: maps merge, null removes, anything else replaces."""
    if not isinstance(change, dict) or not isinstance(old, dict):
        if isinstance(change, dict):
            return {key: value for key, value in change.items() if value is not None}
        return copy.deepcopy(change)
    merged = dict(old)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(old.get(key), value)
    return merged


def _check_name(name: str) -> None:
    """https://cloud.google.com/storage/docs/buckets#naming"""
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or re.fullmatch(r"[\d.]+", name)
        or name.startswith("goog")
        or "google" in name
    ):
        raise invalid(f"Invalid bucket name: '{name}'")
