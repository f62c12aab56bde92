"""IAM v1: keys of service accounts. They are real RSA keys; the double issues their tokens.

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys
"""

from __future__ import annotations

import base64
import json
import secrets
from functools import partial
from typing import Final

from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.cloud.org_policy import NO_KEYS
from zenstrap_rehearsal.cloud.service_accounts import account
from zenstrap_rehearsal.errors import ApiError, failed_precondition, not_found

_route = partial(route, "iam", api="iam.googleapis.com")
_KEYS: Final = "v1/projects/{project}/serviceAccounts/{account}/keys"
_MAX_KEYS: Final = 10
_BITS: Final = 2048


@_route("POST", _KEYS, permission="iam.serviceAccountKeys.create")
def create(cloud: Cloud, request: Request) -> JSON:
    owner = account(cloud, request.parts["account"])
    if NO_KEYS in cloud.projects[owner["projectId"]].constraints:
        raise failed_precondition("Key creation is not allowed on this service account.")
    if len(list(cloud.children(owner["name"], "keys"))) >= _MAX_KEYS:
        raise ApiError(
            429, "Maximum number of keys on account reached.", reason="rateLimitExceeded"
        )
    key_id = secrets.token_hex(20)
    name = f"{owner['name']}/keys/{key_id}"
    document, public = key_document(cloud, owner, key_id)
    cloud.keys[key_id] = (public, owner["email"])
    cloud.things[name] = {
        "name": name,
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "USER_MANAGED",
        "validAfterTime": cloud.timestamp()[:19] + "Z",
        "validBeforeTime": "9999-12-31T23:59:59Z",
        "publicKeyData": base64.b64encode(public.encode()).decode(),
    }
    # As at Google, only this reply contains the private key.
    return {
        **cloud.things[name],
        "privateKeyType": "TYPE_GOOGLE_CREDENTIALS_FILE",
        "privateKeyData": base64.b64encode(document.encode()).decode(),
    }


def key_document(cloud: Cloud, owner: JSON, key_id: str) -> tuple[str, str]:
    """The JSON document of a new key pair, and its public half as PEM."""
    private, public = _key_pair()
    document = {
        "type": "service_account",
        "project_id": owner["projectId"],
        "private_key_id": key_id,
        "private_key": private,
        "client_email": owner["email"],
        "client_id": owner["uniqueId"],
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": f"{cloud.url}/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/"
        + owner["email"].replace("@", "%40"),
        "universe_domain": "googleapis.com",
    }
    return json.dumps(document, indent=2), public


@_route("GET", _KEYS, permission="iam.serviceAccountKeys.list")
def list_keys(cloud: Cloud, request: Request) -> JSON:
    owner = account(cloud, request.parts["account"])
    return {"keys": list(cloud.children(owner["name"], "keys"))}


@_route("GET", f"{_KEYS}/{{key}}", permission="iam.serviceAccountKeys.get")
def get(cloud: Cloud, request: Request) -> JSON:
    return cloud.find(_name(cloud, request))


@_route("DELETE", f"{_KEYS}/{{key}}", permission="iam.serviceAccountKeys.delete")
def delete(cloud: Cloud, request: Request) -> JSON:
    name = _name(cloud, request)
    cloud.find(name)
    del cloud.things[name]
    cloud.keys.pop(request.parts["key"], None)
    return {}


def _name(cloud: Cloud, request: Request) -> str:
    try:
        owner = account(cloud, request.parts["account"])
    except ApiError as error:
        raise not_found(f"Service account key {request.parts['key']} does not exist.") from error
    return f"{owner['name']}/keys/{request.parts['key']}"


def _key_pair() -> tuple[str, str]:
    """Private and public half, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
