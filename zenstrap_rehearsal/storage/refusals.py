"""What Cloud Storage says when it refuses, in the shape and words of its JSON API.

https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

from typing import Any, Final

_REASONS: Final = {
    304: "notModified",
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "conflict",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "internalError",
    503: "backendError",
}

_MESSAGES: Final = {
    409: "The metadata for object was edited during the operation. Please try again.",
    412: "At least one of the pre-conditions you specified did not hold.",
    429: "The object exceeded the rate limit for object mutation operations (create, update, and "
    "delete). Please reduce your request rate.",
    500: "We encountered an internal error. Please try again.",
    503: "Backend Error",
}

_KINDS: Final = {"object": "object", "bucket": "bucket"}


class Refusal(Exception):
    """A call that is refused.

    Args:
        code: HTTP status.
        message: in the service's words; its usual ones by default.
        reason: of the error list; by status if empty.
    """

    def __init__(self, code: int, message: str = "", reason: str = "") -> None:
        self.code = code
        self.message = message or _MESSAGES.get(code, "The request was refused.")
        self.reason = reason or _REASONS.get(code, "backendError")
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The JSON of the reply."""
        one = {"message": self.message, "domain": "global", "reason": self.reason}
        return {"error": {"code": self.code, "message": self.message, "errors": [one]}}


def invalid(message: str) -> Refusal:
    return Refusal(400, message)


def unauthenticated() -> Refusal:
    return Refusal(401, "Invalid Credentials")


def denied(principal: str, permission: str, kind: str) -> Refusal:
    """Who lacks which permission on what: object, bucket or project."""
    where = f"Google Cloud Storage {_KINDS[kind]}" if kind in _KINDS else "Google Cloud project"
    return Refusal(
        403,
        f"{principal} does not have {permission} access to the {where}. Permission "
        f"'{permission}' denied on resource (or it may not exist).",
    )


def no_bucket() -> Refusal:
    return Refusal(404, "The specified bucket does not exist.")


def no_object(bucket: str, name: str, generation: str | None = None) -> Refusal:
    version = f"#{generation}" if generation else ""
    return Refusal(404, f"No such object: {bucket}/{name}{version}")


def name_taken() -> Refusal:
    return Refusal(
        409,
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again.",
    )


def already_yours() -> Refusal:
    return Refusal(
        409, "Your previous request to create the named bucket succeeded and you already own it."
    )


def not_empty() -> Refusal:
    return Refusal(409, "The bucket you tried to delete is not empty.")


def precondition_failed() -> Refusal:
    return Refusal(412)
