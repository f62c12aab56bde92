"""IAM: workload identity pools and their providers, including deleted ones.

Google keeps a deleted one for 30 days, which blocks its id.
https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zenstrap.platforms.gcp.api.refusals import RefusedCallError
from zenstrap.platforms.gcp.api.session import GoogleSession


@dataclass(frozen=True)
class Pool:
    """A workload identity pool; a ``deleted`` one only blocks its id."""

    name: str
    description: str
    deleted: bool


@dataclass(frozen=True)
class Provider:
    """A provider of a pool.

    Attributes:
        source: type of its identities: oidc, aws, saml or x509. It can't be changed.
    """

    name: str
    source: str
    deleted: bool


def pool_name(project: str, pool_id: str) -> str:
    """The full name of a pool, as Terraform writes its id."""
    return f"projects/{project}/locations/global/workloadIdentityPools/{pool_id}"


def get_pool(session: GoogleSession, name: str) -> Pool | None:
    """A pool by its full name; None if it doesn't exist.

    Raises:
        ApiDisabledError: IAM isn't enabled, so there are no pools.
        AuthenticationError, GoogleError: the request failed.
    """
    found = _find(session, name, "the workload identity pool can't be read")
    if found is None:
        return None
    return Pool(name, str(found.get("description", "")), _is_deleted(found))


def get_provider(session: GoogleSession, name: str) -> Provider | None:
    """A provider by its full name; None if it doesn't exist. Raises like :func:`get_pool`."""
    found = _find(session, name, "the workload identity provider can't be read")
    if found is None:
        return None
    source = next((kind for kind in ("oidc", "aws", "saml", "x509") if kind in found), "unknown")
    return Provider(name, source, _is_deleted(found))


def _find(session: GoogleSession, name: str, what: str) -> dict[str, Any] | None:
    try:
        return session.get("iam", f"v1/{name}", what=what)
    except RefusedCallError as error:
        if error.refusal.status == 404:
            return None
        raise


def _is_deleted(found: dict[str, Any]) -> bool:
    return str(found.get("state", "")) == "DELETED"
