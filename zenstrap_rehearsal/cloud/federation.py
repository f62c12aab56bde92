"""The principal of an external identity, by the attribute mapping of its provider.

Only the expressions of zenstrap's modules are evaluated: ``assertion.NAME``, ``X in [...]``,
``X == '...'``. The token's signature is not checked: that would need the issuer's keys from the
internet.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from typing import Any, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.iam import JSON

_FIELD: Final = re.compile(r"assertion\.(\w+)")
_TEST: Final = re.compile(
    r"(?P<left>assertion\.\w+|google\.subject|attribute\.\w+)\s*(?P<sign>==|in)\s*(?P<right>.+)"
)


class OAuthError(ApiError):
    """OAuth's own form of an error."""

    def __init__(self, error: str, description: str, code: int = 400) -> None:
        super().__init__(code, description)
        self._body = {"error": error, "error_description": description}

    def body(self) -> dict[str, Any]:
        return self._body


def decode_part(part: str) -> bytes:
    """A part of a JSON Web Token."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def principal_of(
    provider: JSON, subject_token: str, audience: str, pool: str, now: float
) -> tuple[str, frozenset[str]]:
    """The principal, and the principal sets that it belongs to.

    Args:
        provider: as the IAM service returns it.
        subject_token: a JWT of the provider's issuer.
        audience: the provider's full name, which may be the token's audience.
        pool: the pool's full name.
        now: seconds since 1970.

    Raises:
        OAuthError: the provider doesn't accept the token.
    """

    def refused(why: str) -> OAuthError:
        return OAuthError("invalid_grant", why)

    if "oidc" not in provider:
        raise refused("The rehearsal can check tokens of OIDC issuers only.")
    try:
        claims = json.loads(decode_part(subject_token.split(".")[1]))
    except (ValueError, IndexError) as error:
        raise refused("Error parsing the subject token: it is not a JWT.") from error
    if claims.get("iss") != provider["oidc"]["issuerUri"]:
        raise refused(
            f"The issuer in ID Token {claims.get('iss')} does not match the expected ones."
        )
    allowed = provider["oidc"].get("allowedAudiences") or [audience, f"https:{audience}"]
    if not set(_texts(claims.get("aud"))) & set(allowed):
        raise refused("The audience in ID Token does not match the expected audience.")
    if float(claims.get("exp", 0)) < now:
        raise refused("ID Token is stale to sign-in.")
    mapped = {
        target: value
        for target, expression in provider.get("attributeMapping", {}).items()
        if (value := _value(expression, claims, {})) is not None
    }
    if "google.subject" not in mapped:
        raise refused("Could not obtain a value for google.subject from the given credential.")
    condition = provider.get("attributeCondition")
    if condition and not _holds(condition, claims, mapped):
        raise OAuthError(
            "unauthorized_client", "The given credential is rejected by the attribute condition."
        )
    whole = f"//iam.googleapis.com/{pool}"
    sets = {f"principalSet:{whole}/*"} | {
        f"principalSet:{whole}/{target}/{value}"
        for target, value in mapped.items()
        if target.startswith("attribute.")
    }
    return f"principal:{whole}/subject/{mapped['google.subject']}", frozenset(sets)


def _value(expression: str, claims: JSON, mapped: dict[str, str]) -> str | None:
    expression = expression.strip()
    if expression in mapped:
        return mapped[expression]
    field = _FIELD.fullmatch(expression)
    claim = claims.get(field.group(1)) if field else None
    return None if claim is None else str(claim)


def _holds(condition: str, claims: JSON, mapped: dict[str, str]) -> bool:
    """Whether a condition is met; False if it uses anything that isn't supported."""
    test = _TEST.fullmatch(condition.strip())
    if not test:
        return False
    try:
        right: Any = ast.literal_eval(test["right"])
    except (ValueError, SyntaxError):
        return False
    left = _value(test["left"], claims, mapped)
    return left in right if test["sign"] == "in" else left == right


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]
