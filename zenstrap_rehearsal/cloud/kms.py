"""Cloud KMS v1: key rings and keys, which Google never deletes.

https://cloud.google.com/kms/docs/reference/rest
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from zenstrap_rehearsal import locations
from zenstrap_rehearsal.cloud import policies
from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.errors import (
    already_exists,
    failed_precondition,
    invalid,
    not_found,
    permission_denied,
)
from zenstrap_rehearsal.labels import check_labels

_route = partial(route, "cloudkms", api="cloudkms.googleapis.com")
_RINGS: Final = "v1/projects/{project}/locations/{location}/keyRings"
_RING: Final = f"{_RINGS}/{{ring}}"
_KEYS: Final = f"{_RING}/cryptoKeys"
_KEY: Final = f"{_KEYS}/{{key}}"
_VERSIONS: Final = f"{_KEY}/cryptoKeyVersions"

_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_KEY_NAME: Final = re.compile(
    r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+"
)
_DAY: Final = 86400  # seconds; the shortest rotation period
_USE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_GONE: Final = ("DESTROYED", "DESTROY_SCHEDULED")


def check_usable(cloud: Cloud, key: str, agent: str, location: str | None = None) -> None:
    """Check that one of Google's services can encrypt with a key.

    Args:
        key: its full name.
        agent: the e-mail address of the service's service agent.
        location: the key's required location, unless the caller checks it.

    Raises:
        ApiError: the service can't.
    """
    match = _KEY_NAME.fullmatch(key)
    if not match:
        raise invalid(f"Invalid KMS key name: {key}")
    if location and match["location"] != location:
        raise invalid(
            f"The KMS key's location {match['location']} does not match the location of the "
            f"resource; it must be {location}."
        )
    version = cloud.things.get(f"{key}/cryptoKeyVersions/1")
    holders = [
        binding["members"]
        for binding in cloud.policies.get(key, {}).get("bindings", [])
        if binding["role"] == _USE
    ]
    if version is None or not any(f"serviceAccount:{agent}" in members for members in holders):
        raise permission_denied("cloudkms.cryptoKeyVersions.useToEncrypt", key)
    if "primary" not in cloud.things[key]:
        raise failed_precondition(f"{key} is not enabled: it has no usable version.")


@_route("POST", _RINGS, permission="cloudkms.keyRings.create")
def create_ring(cloud: Cloud, request: Request) -> JSON:
    locations.check(request.parts["location"], locations.KEYS)
    name = _new_name(
        cloud, f"{_parent(request)}/keyRings", request.query.get("keyRingId"), "KeyRing"
    )
    cloud.things[name] = {"name": name, "createTime": cloud.timestamp()}
    return cloud.things[name]


@_route("GET", _RINGS, permission="cloudkms.keyRings.list")
def list_rings(cloud: Cloud, request: Request) -> JSON:
    return {"keyRings": list(cloud.children(_parent(request), "keyRings"))}


@_route("GET", _RING, permission="cloudkms.keyRings.get")
def get_ring(cloud: Cloud, request: Request) -> JSON:
    return _find(cloud, _ring(request), "KeyRing")


@_route("POST", _KEYS, permission="cloudkms.cryptoKeys.create")
def create_key(cloud: Cloud, request: Request) -> JSON:
    _find(cloud, _ring(request), "KeyRing")
    body = request.body
    _check_rotation(body.get("rotationPeriod"))
    check_labels(body.get("labels") or {})
    name = _new_name(
        cloud, f"{_ring(request)}/cryptoKeys", request.query.get("cryptoKeyId"), "CryptoKey"
    )
    now = cloud.timestamp()
    cloud.things[name] = {
        "name": name,
        "createTime": now,
        "purpose": body.get("purpose", "ENCRYPT_DECRYPT"),
        "versionTemplate": {
            "protectionLevel": "SOFTWARE",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
            **(body.get("versionTemplate") or {}),
        },
        "destroyScheduledDuration": body.get("destroyScheduledDuration") or "2592000s",
        **{f: body[f] for f in ("labels", "rotationPeriod", "nextRotationTime") if body.get(f)},
    }
    if request.query.get("skipInitialVersionCreation") != "true":
        version = {"name": f"{name}/cryptoKeyVersions/1", "state": "ENABLED", "createTime": now}
        cloud.things[str(version["name"])] = version
        cloud.things[name]["primary"] = version
    return cloud.things[name]


@_route("GET", _KEYS, permission="cloudkms.cryptoKeys.list")
def list_keys(cloud: Cloud, request: Request) -> JSON:
    return {"cryptoKeys": list(cloud.children(_ring(request), "cryptoKeys"))}


@_route("GET", _KEY, permission="cloudkms.cryptoKeys.get")
def get_key(cloud: Cloud, request: Request) -> JSON:
    return _find(cloud, _key(request), "CryptoKey")


@_route("PATCH", _KEY, permission="cloudkms.cryptoKeys.update")
def patch_key(cloud: Cloud, request: Request) -> JSON:
    key = _find(cloud, _key(request), "CryptoKey")
    _check_rotation(request.body.get("rotationPeriod"))
    check_labels(request.body.get("labels") or {})
    for field in ("labels", "rotationPeriod", "nextRotationTime"):
        if field in request.query.get("updateMask", "").split(","):
            if request.body.get(field):
                key[field] = request.body[field]
            else:
                key.pop(field, None)
    return key


@_route("GET", _VERSIONS, permission="cloudkms.cryptoKeyVersions.list")
def list_versions(cloud: Cloud, request: Request) -> JSON:
    versions = list(cloud.children(_key(request), "cryptoKeyVersions"))
    return {"cryptoKeyVersions": versions, "totalSize": len(versions)}


@_route("POST", f"{_VERSIONS}/{{version}}:destroy", permission="cloudkms.cryptoKeyVersions.destroy")
def destroy_version(cloud: Cloud, request: Request) -> JSON:
    name = f"{_key(request)}/cryptoKeyVersions/{request.parts['version']}"
    version = _find(cloud, name, "CryptoKeyVersion")
    if version["state"] in _GONE:
        raise failed_precondition(f"{name} can't be destroyed: it is {version['state']}.")
    version["state"] = "DESTROY_SCHEDULED"
    cloud.things[_key(request)].pop("primary", None)
    return version


@_route("GET", f"{_KEY}:getIamPolicy", permission="cloudkms.cryptoKeys.getIamPolicy")
def get_policy(cloud: Cloud, request: Request) -> JSON:
    return policies.read(cloud, _find(cloud, _key(request), "CryptoKey")["name"])


@_route("POST", f"{_KEY}:setIamPolicy", permission="cloudkms.cryptoKeys.setIamPolicy")
def set_policy(cloud: Cloud, request: Request) -> JSON:
    resource = _find(cloud, _key(request), "CryptoKey")["name"]
    return policies.write(cloud, resource, request.body.get("policy", {}))


def _new_name(cloud: Cloud, collection: str, identifier: str | None, kind: str) -> str:
    if not _ID.fullmatch(identifier or ""):
        raise invalid(f"Invalid {kind} id: {identifier}")
    name = f"{collection}/{identifier}"
    if name in cloud.things:
        raise already_exists(f"{kind} {name} already exists.")
    return name


def _check_rotation(period: str | None) -> None:
    if period and float(period.removesuffix("s")) < _DAY:
        raise invalid("The rotation period must be at least 86400s.")


def _find(cloud: Cloud, name: str, kind: str) -> JSON:
    if name not in cloud.things:
        raise not_found(f"{kind} {name} not found.")
    return cloud.things[name]


def _parent(request: Request) -> str:
    return f"projects/{request.parts['project']}/locations/{request.parts['location']}"


def _ring(request: Request) -> str:
    return f"{_parent(request)}/keyRings/{request.parts['ring']}"


def _key(request: Request) -> str:
    return f"{_ring(request)}/cryptoKeys/{request.parts['key']}"
