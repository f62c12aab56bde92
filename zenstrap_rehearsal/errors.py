"""Errors as Google's services return them.

https://google.aip.dev/193 describes the format; the messages are those of Google's services.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

_HOSTS: Final = {
    "cloudkms": "cloudkms.googleapis.com",
    "iam": "iam.googleapis.com",
    "resourcemanager": "cloudresourcemanager.googleapis.com",
}


class ApiError(Exception):
    """An error response.

    Args:
        code: HTTP status.
        message: the service's message; the usual one for the HTTP status if empty.
        status: name of the canonical code; from the HTTP status if empty.
        reason: reason in the older error list; from the HTTP status if empty.
        details: typed details.
    """

    # The other codes have no usual message.
    MESSAGES: ClassVar[Mapping[int, str]] = {
        409: "Requested entity already exists",
        429: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per "
        "minute'.",
        500: "Internal error encountered.",
        503: "The service is currently unavailable.",
    }
    # Older services add a reason to the status.
    REASONS: ClassVar[Mapping[int, str]] = {
        400: "badRequest",
        401: "authError",
        403: "forbidden",
        404: "notFound",
        409: "alreadyExists",
        412: "conditionNotMet",
        429: "rateLimitExceeded",
    }

    def __init__(
        self,
        code: int,
        message: str = "",
        status: str = "",
        reason: str = "",
        details: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.code = code
        self.message = message or self.MESSAGES.get(code, "The request was refused.")
        self.status = status or _STATUSES.get(code, "UNKNOWN")
        self.reason = reason or self.REASONS.get(code, "backendError")
        self.details = details
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """The JSON of the response."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": self.status,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
        }
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}

    def __str__(self) -> str:
        """The error as Google's Go client, and so Terraform's provider, prints it."""
        text = f"googleapi: Error {self.code}: {self.message}"
        if self.details:
            text += f"\nDetails:\n{json.dumps(list(self.details), indent=2)}\n"
        return f"{text}, {self.reason}"


def service_disabled(api: str, title: str, project_number: str) -> ApiError:
    """The error of a call whose API isn't enabled, or was enabled a moment ago."""
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={project_number}"
    consumer = f"projects/{project_number}"
    return ApiError(
        403,
        f"{title} has not been used in project {project_number} before or it is disabled. Enable "
        f"it by visiting {url} then retry. If you enabled this API recently, wait a few minutes "
        "for the action to propagate to our systems and retry.",
        details=(
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "googleapis.com",
                "metadata": {
                    "activationUrl": url,
                    "consumer": consumer,
                    "containerInfo": project_number,
                    "service": api,
                    "serviceTitle": title,
                },
                "reason": "SERVICE_DISABLED",
            },
            {
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [{"description": "Google developers console API activation", "url": url}],
            },
        ),
    )


def permission_denied(permission: str, resource: str) -> ApiError:
    """The caller lacks a permission, or the resource doesn't exist: Google doesn't say which."""
    if permission.startswith("serviceusage."):
        verb = permission.rpartition(".")[2]
        return ApiError(403, f"Permission denied to {verb} service [{resource}]")
    host = _HOSTS.get(permission.partition(".")[0])
    resource = f"//{host}/{resource}" if host else resource
    return ApiError(
        403,
        f"Permission '{permission}' denied on resource '{resource}' (or it may not exist).",
        details=(
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "iam.googleapis.com",
                "metadata": {"permission": permission, "resource": resource},
                "reason": "IAM_PERMISSION_DENIED",
            },
        ),
    )


def unauthenticated() -> ApiError:
    """The token is missing, expired or invalid."""
    return ApiError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
        details=(
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "googleapis.com",
                "reason": "ACCESS_TOKEN_EXPIRED",
            },
        ),
    )


def not_found(message: str = "Requested entity was not found.") -> ApiError:
    return ApiError(404, message)


def already_exists(message: str = "Requested entity already exists") -> ApiError:
    return ApiError(409, message)


def invalid(message: str) -> ApiError:
    return ApiError(400, message)


def failed_precondition(message: str) -> ApiError:
    return ApiError(400, message, status="FAILED_PRECONDITION", reason="failedPrecondition")


def concurrent_change() -> ApiError:
    """The policy was changed by another caller since it was read."""
    return ApiError(
        409,
        "There were concurrent policy changes. Please retry the whole read-modify-write with "
        "exponential backoff. The request's ETag did not match the current policy's ETag.",
        status="ABORTED",
        reason="aborted",
    )
