"""Validation of a bucket's fields."""

from __future__ import annotations

import re
from typing import Final

from zenstrap_rehearsal.labels import label_faults
from zenstrap_rehearsal.locations import REGIONS
from zenstrap_rehearsal.storage.calls import JSON
from zenstrap_rehearsal.storage.refusals import invalid

_DAY: Final = 24 * 60 * 60
_STORAGE_CLASSES: Final = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")

# https://cloud.google.com/storage/docs/locations
_REGIONS: Final = frozenset(map(str.upper, REGIONS))
_MULTI_REGIONS: Final = {"US": "US-", "EU": "EUROPE-", "ASIA": "ASIA-"}
_PAIRS: Final = frozenset({"ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4"})
# The required location of a bucket's key, if it isn't the bucket's location in lower case.
_KEY_LOCATIONS: Final = {"eu": "europe"}

_KEY: Final = re.compile(r"projects/[^/]+/locations/([^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
_ACTIONS: Final = ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload")
_OF_UPLOADS: Final = frozenset({"age", "matchesPrefix", "matchesSuffix"})
_CONDITIONS: Final = _OF_UPLOADS | {
    "createdBefore",
    "customTimeBefore",
    "daysSinceCustomTime",
    "daysSinceNoncurrentTime",
    "isLive",
    "matchesStorageClass",
    "noncurrentTimeBefore",
    "numNewerVersions",
}


def place(location: str, placement: JSON | None) -> str:
    """The type of a location: region, dual-region or multi-region.

    Raises:
        Refusal: the location doesn't exist.
    """
    if placement:
        regions = [str(region).upper() for region in placement.get("dataLocations", [])]
        beginning = _MULTI_REGIONS.get(location, "-")
        known = all(r in _REGIONS and r.startswith(beginning) for r in regions)
        if len(set(regions)) != 2 or not known:
            raise invalid("Invalid custom placement config")
        return "dual-region"
    if location in _REGIONS:
        return "region"
    if location in _MULTI_REGIONS:
        return "multi-region"
    if location in _PAIRS:
        return "dual-region"
    raise invalid(f"The specified location constraint is not valid: {location}")


def check(resource: JSON) -> None:
    """Validate a bucket as Google does.

    Raises:
        Refusal: 400.
    """
    if resource["storageClass"] not in _STORAGE_CLASSES:
        raise invalid(f"Invalid storage class: {resource['storageClass']}")
    if resource["iamConfiguration"]["publicAccessPrevention"] not in ("inherited", "enforced"):
        raise invalid("Invalid value for publicAccessPrevention")
    seconds = int(resource["softDeletePolicy"]["retentionDurationSeconds"])
    if seconds and not 7 * _DAY <= seconds <= 90 * _DAY:
        raise invalid(
            "Soft delete retention duration must be 0 or between 7 and 90 days, in seconds."
        )
    for fault in label_faults(resource.get("labels", {})):
        raise invalid(f"Invalid labels: {fault}.")
    for rule in resource.get("lifecycle", {}).get("rule", []):
        _check_rule(rule)
    if key := resource.get("encryption", {}).get("defaultKmsKeyName"):
        _check_key(key, resource["location"])


def _check_rule(rule: JSON) -> None:
    """https://cloud.google.com/storage/docs/lifecycle"""
    kind = rule.get("action", {}).get("type")
    condition = rule.get("condition", {})
    if kind not in _ACTIONS:
        raise invalid(f"Invalid lifecycle action: {kind!r}")
    known = _OF_UPLOADS if kind == "AbortIncompleteMultipartUpload" else _CONDITIONS
    if not condition or not known.issuperset(condition):
        raise invalid(f"Invalid condition of a lifecycle rule with action {kind}: {condition}")
    if kind == "SetStorageClass" and rule["action"].get("storageClass") not in _STORAGE_CLASSES:
        raise invalid("A lifecycle rule sets an unknown storage class.")


def _check_key(key: str, location: str) -> None:
    """https://cloud.google.com/storage/docs/encryption/customer-managed-keys#key-locations"""
    match = _KEY.fullmatch(key)
    if not match:
        raise invalid(f"Invalid Cloud KMS key name: {key}")
    needed = _KEY_LOCATIONS.get(location.lower(), location.lower())
    if match.group(1) != needed:
        raise invalid(
            f"The Cloud KMS key's location {match.group(1)} does not match the bucket's: {needed}"
        )
