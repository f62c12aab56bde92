"""Cloud KMS: key rings and keys that exist already. Google never deletes either.

https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings
"""

from __future__ import annotations

from dataclasses import dataclass

from zenstrap.platforms.gcp.api.refusals import RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        purpose: ENCRYPT_DECRYPT for those that services use. It can't be changed.
        state: of its primary version, such as ENABLED; empty if it has none.
    """

    name: str
    purpose: str
    state: str


def key_ring_name(project: str, location: str, ring: str) -> str:
    """The full name of a key ring, as Terraform writes its id."""
    return f"projects/{project}/locations/{location}/keyRings/{ring}"


def has_key_ring(session: GoogleSession, name: str) -> bool:
    """Whether a key ring exists, by its full name.

    Raises:
        ApiDisabledError: Cloud KMS isn't enabled.
        AuthenticationError, GoogleError: the request failed.
    """
    try:
        session.get("cloudkms", f"v1/{name}", what="the key ring can't be read")
    except RefusedCallError as error:
        if error.refusal.status == 404:
            return False
        raise
    return True


def get_key(session: GoogleSession, name: str) -> Key | None:
    """A key by its full name; None if it doesn't exist. Raises like :func:`has_key_ring`."""
    try:
        key = session.get("cloudkms", f"v1/{name}", what="the encryption key can't be read")
    except RefusedCallError as error:
        if error.refusal.status == 404:
            return None
        raise
    primary = key.get("primary") or {}
    return Key(name, str(key.get("purpose", "")), str(primary.get("state", "")))
