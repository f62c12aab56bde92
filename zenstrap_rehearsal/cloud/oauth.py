"""OAuth 2.0: tokens for service-account keys and external identities, and information on tokens.

https://developers.google.com/identity/protocols/oauth2/service-account
https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Final

from zenstrap_rehearsal.cloud.core import JSON, Cloud, Request, route
from zenstrap_rehearsal.cloud.federation import OAuthError, decode_part, principal_of
from zenstrap_rehearsal.cloud.service_accounts import account
from zenstrap_rehearsal.errors import ApiError, invalid, permission_denied
from zenstrap_rehearsal.iam import OWNER

OWNER_EMAIL: Final = "owner@example.com"

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GOOGLES_ENDPOINT: Final = "https://oauth2.googleapis.com/token"
_LIFETIME: Final = 3599  # seconds, as Google says
_LONGEST_LIFETIME: Final = 3600
_PROVIDER: Final = re.compile(
    r"//iam\.googleapis\.com/projects/(?P<number>\d+)/locations/global/workloadIdentityPools/"
    r"(?P<pool>[^/]+)/providers/(?P<provider>[^/]+)"
)


@route("token", "POST", "")
def token(cloud: Cloud, request: Request) -> JSON:
    """A token for the service account whose key signed the assertion."""
    if request.body.get("grant_type") != _JWT_BEARER:
        raise OAuthError("unsupported_grant_type", "Invalid grant_type: only JWTs are supported")
    assertion = str(request.body.get("assertion", ""))
    header, claims = _parts(assertion)
    public, email = cloud.keys.get(str(header.get("kid")), ("", ""))
    if not public or claims.get("iss") != email or not _signed(assertion, public):
        raise OAuthError("invalid_grant", "Invalid JWT Signature.")
    # Google's own library sends Google's endpoint as audience, whatever a key's token_uri is.
    if claims.get("aud") not in (f"{cloud.url}/token", _GOOGLES_ENDPOINT):
        raise OAuthError("invalid_grant", "Invalid JWT: the audience is not this endpoint.")
    if not _is_current(claims, cloud.now()):
        raise OAuthError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
            "timeframe. Check your iat and exp values in the JWT claim.",
        )
    if account(cloud, email)["disabled"]:
        raise OAuthError("invalid_grant", "Invalid grant: account is disabled")
    return {
        "access_token": cloud.issue_token(email, _LIFETIME),
        "expires_in": _LIFETIME,
        "token_type": "Bearer",
    }


@route("sts", "POST", "v1/token")
def exchange(cloud: Cloud, request: Request) -> JSON:
    """A token for an external identity that a provider of a pool accepts."""
    body = {re.sub(r"_(\w)", lambda m: m[1].upper(), k): v for k, v in request.body.items()}
    match = _PROVIDER.fullmatch(str(body.get("audience", "")))
    project = next(
        (p for p in cloud.projects.values() if match and p.number == match["number"]), None
    )
    if match is None or project is None:
        raise OAuthError(
            "invalid_target", "The target service indicated by the audience is invalid."
        )
    pool_name = f"projects/{project.id}/locations/global/workloadIdentityPools/{match['pool']}"
    provider = cloud.things.get(f"{pool_name}/providers/{match['provider']}", {"state": ""})
    pool = cloud.things.get(pool_name, {"state": ""})
    usable = all(t["state"] == "ACTIVE" and not t.get("disabled") for t in (pool, provider))
    if not usable:
        raise OAuthError(
            "invalid_target",
            'The target service indicated by the "audience" parameters is invalid. This might '
            "either be because the pool or provider is disabled or deleted or because it doesn't "
            "exist.",
        )
    principal, sets = principal_of(
        provider, str(body.get("subjectToken", "")), match.group(0), pool["name"], cloud.now()
    )
    cloud.memberships[principal] = sets
    return {
        "access_token": cloud.issue_token(principal, _LIFETIME),
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": _LIFETIME,
    }


@route(
    "iamcredentials", "POST", "v1/projects/{project}/serviceAccounts/{account}:generateAccessToken"
)
def impersonate(cloud: Cloud, request: Request) -> JSON:
    """A token for a service account that the caller may impersonate."""
    try:
        target = account(cloud, request.parts["account"])
    except ApiError as error:
        raise permission_denied(
            "iam.serviceAccounts.getAccessToken", f"serviceAccounts/{request.parts['account']}"
        ) from error
    project = cloud.projects[target["projectId"]]
    permission = "iam.serviceAccounts.getAccessToken"
    if not cloud.allows(request.principal, permission, target["name"], project):
        raise permission_denied(permission, target["name"])
    lifetime = float(str(request.body.get("lifetime") or "3600s").removesuffix("s"))
    if not 0 < lifetime <= _LONGEST_LIFETIME:
        raise invalid(f"Invalid lifetime: {lifetime:g}s")
    expires = datetime.fromtimestamp(int(cloud.now() + lifetime), UTC)
    return {
        "accessToken": cloud.issue_token(target["email"], lifetime),
        "expireTime": expires.isoformat().replace("+00:00", "Z"),
    }


@route("oauth2", "GET", "v3/userinfo")
def userinfo(cloud: Cloud, request: Request) -> JSON:
    email = OWNER_EMAIL if request.principal == OWNER else request.principal
    return {"sub": "100000000000000000000", "email": email, "email_verified": True}


@route("oauth2", "GET", "v3/tokeninfo")
def tokeninfo(cloud: Cloud, request: Request) -> JSON:
    principal = cloud.principal(request.query.get("access_token", ""))
    if principal is None:
        raise OAuthError("invalid_token", "Invalid Value")
    return {
        "email": OWNER_EMAIL if principal == OWNER else principal,
        "email_verified": "true",
        "scope": "https://www.googleapis.com/auth/cloud-platform "
        "https://www.googleapis.com/auth/userinfo.email",
        "expires_in": str(_LIFETIME),
        "access_type": "online",
    }


def _parts(assertion: str) -> tuple[JSON, JSON]:
    try:
        header, claims, _ = assertion.split(".")
        return json.loads(decode_part(header)), json.loads(decode_part(claims))
    except ValueError as error:
        raise OAuthError("invalid_grant", "Invalid JWT: it can't be read.") from error


def _signed(assertion: str, public: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    signed, _, signature = assertion.rpartition(".")
    key = serialization.load_pem_public_key(public.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(decode_part(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _is_current(claims: JSON, now: float) -> bool:
    issued, expires = float(claims.get("iat", 0)), float(claims.get("exp", 0))
    skew = 300.0  # seconds that two clocks may differ
    return issued - skew <= now < expires + skew and expires - issued <= _LONGEST_LIFETIME
