"""Cloud Storage's errors, with the format and messages of its JSON API.

https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from zenstrap_rehearsal.errors import ApiError


class Refusal(ApiError):
    """An error of Cloud Storage: by default with its usual message for the status."""

    MESSAGES: ClassVar[Mapping[int, str]] = {
        409: "The metadata for object was edited during the operation. Please try again.",
        412: "At least one of the pre-conditions you specified did not hold.",
        429: "The object exceeded the rate limit for object mutation operations (create, update, "
        "and delete). Please reduce your request rate.",
        500: "We encountered an internal error. Please try again.",
        503: "Backend Error",
    }
    REASONS: ClassVar[Mapping[int, str]] = {
        **ApiError.REASONS,
        304: "notModified",
        400: "invalid",
        409: "conflict",
        500: "internalError",
    }

    def body(self) -> dict[str, Any]:
        """The JSON of the response, which has no canonical code."""
        error = super().body()
        del error["error"]["status"]
        return error


def invalid(message: str) -> Refusal:
    return Refusal(400, message)


def unauthenticated() -> Refusal:
    return Refusal(401, "Invalid Credentials")


def denied(principal: str, permission: str, kind: str) -> Refusal:
    """A principal lacks a permission on an object, bucket or project."""
    where = "Google Cloud project" if kind == "project" else f"Google Cloud Storage {kind}"
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
