"""Converts Google Cloud's refusals to zenstrap's errors.

The same messages come from its REST services, its Python clients and, through the provider, from
Terraform; only this module interprets them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from zenstrap.errors import AuthenticationError, ZenstrapError
from zenstrap.platforms.gcp.errors import GoogleError

LOG_IN = "gcloud auth application-default login"

_LONGEST = 600  # characters of Google's message; some services answer with a page of HTML

_DISABLED = re.compile(
    r"(?P<api>[\w .-]+?) (?:API )?has not been used in (?:project )?(?P<project>[\w:-]+) before "
    r"or it is disabled|SERVICE_DISABLED|accessNotConfigured"
)
_SERVICE = re.compile(
    r"\b([a-z][a-z0-9-]*\.googleapis\.com)/overview|\b([a-z0-9-]+\.googleapis\.com)"
)
_QUOTA_PROJECT = re.compile(r"requires a quota project|USER_PROJECT_DENIED|quota project", re.I)
_BILLING = re.compile(
    r"billing account|billing to be enabled|BILLING_DISABLED|accountDisabled", re.I
)
_PERMISSIONS = (
    re.compile(r"Permission '(?P<permission>[\w.]+)' denied on (?:resource )?'?(?P<on>[^'\s]+)'?"),
    re.compile(
        r"Permission (?P<permission>[\w.]+\.[\w.]+) is required .*? (?P<on>projects/[^\s.]+\S*)"
    ),
    re.compile(r"Required '(?P<permission>[\w.]+)' permission for '(?P<on>[^']+)'"),
    re.compile(
        r"(?P<who>\S+@\S+) does not have (?P<permission>[\w.]+) access to the Google Cloud"
        r"(?: Storage)? (?P<on>\w+)"
    ),
    re.compile(
        r"does not have (?P<permission>[\w.]+) access to (?:the )?(?P<on>Google Cloud[\w ]*)"
    ),
    re.compile(r"(?P<permission>[a-z]\w+\.[a-z]\w+\.[a-z]\w+) (?:permission )?(?:is )?denied"),
)
# Service Usage doesn't name it: "Permission denied to enable service [iam.googleapis.com]".
_SERVICES = re.compile(r"Permission denied to (?P<verb>enable|disable|get|list|use) services?\b")
_FORBIDDEN = re.compile(
    r"does not have permission|PERMISSION_DENIED|permission denied|Policy update access denied",
    re.I,
)
_NO_LOCATION = re.compile(
    r"location constraint is not valid|Permission denied on 'locations/(?P<one>[\w-]+)'"
    r"|Location '?(?P<two>[\w-]+)'? is not (?:found|supported|valid)|Unsupported location"
    r"|invalid (?:region|location)|location '?(?P<three>[\w-]+)'? (?:was )?not found"
    r"|is not a valid (?:region|location)",
    re.I,
)
_NO_PROJECT = re.compile(
    r"Unknown project id|Project '?[\w:-]+'? (?:was )?not found|Project [\w' :-]+does not exist"
    r"|CONSUMER_INVALID|Project .* not found or (?:deleted|permission denied)",
    re.I,
)
_NAME_TAKEN = re.compile(r"bucket name(?: is|,)? (?:is )?not available|name is not available", re.I)
_CONSTRAINT = re.compile(
    r"violates constraint '?(?:constraints/)?(?P<name>[\w.]+)|constraints/(?P<two>[\w.]+)"
)
_QUOTA = re.compile(
    r"Quota exceeded|RESOURCE_EXHAUSTED|rateLimitExceeded|quotaExceeded|Rate Limit", re.I
)

# A quota per day, or of resources, instead of per minute. Its status is 429, too.
# https://cloud.google.com/docs/quotas/overview
_LASTING = re.compile(
    r"maximum number of|\bper[ _]?day\b|\bdaily\b|\bhas reached\b|\blimit\b[^.]*\breached\b"
    r"|reached\b[^.]*\blimit\b|PerDay",
    re.I,
)
# The delay in seconds that Google advises in an error's details.
_RETRY_DELAY = re.compile(r'retry_?delay"?[:= {"\\n]*(?:seconds: ?)?([0-9]+)', re.I)
_SOON: Final = 600

# A role that grants a permission, by the prefix of the permission's name: narrow ones first.
_ROLES = (
    ("storage.objects.", "roles/storage.objectUser"),
    ("storage.", "roles/storage.admin"),
    ("serviceusage.services.use", "roles/serviceusage.serviceUsageConsumer"),
    ("serviceusage.", "roles/serviceusage.serviceUsageAdmin"),
    ("resourcemanager.projects.setIamPolicy", "roles/resourcemanager.projectIamAdmin"),
    ("resourcemanager.", "roles/browser"),
    ("iam.workloadIdentityPool", "roles/iam.workloadIdentityPoolAdmin"),
    ("iam.serviceAccountKeys.", "roles/iam.serviceAccountKeyAdmin"),
    ("iam.serviceAccounts.getAccessToken", "roles/iam.serviceAccountTokenCreator"),
    ("iam.serviceAccounts.", "roles/iam.serviceAccountAdmin"),
    ("iam.roles.", "roles/iam.roleAdmin"),
    ("cloudkms.", "roles/cloudkms.admin"),
    ("artifactregistry.", "roles/artifactregistry.admin"),
    ("orgpolicy.", "roles/orgpolicy.policyViewer"),
)


@dataclass(frozen=True)
class Refusal:
    """A refusal of Google's.

    Attributes:
        status: the HTTP status.
        message: Google's message, as one paragraph.
        reason: the machine-readable reason, such as SERVICE_DISABLED or forbidden.
        service: the API that it is about, if known.
    """

    status: int
    message: str
    reason: str | None = None
    service: str | None = None


class RefusedCallError(GoogleError):
    """An error with Google's refusal, for callers that handle it."""

    refusal: Refusal


class NotAllowedError(RefusedCallError):
    """A permission is missing, or the resource doesn't exist: Google often doesn't say which."""


class ApiDisabledError(RefusedCallError):
    """The API is not enabled in the project, or was enabled a moment ago."""


def lasts(text: str) -> bool:
    """Whether an exhausted quota stays exhausted for longer than a run should wait.

    Args:
        text: Google's message, with its details if there are any.
    """
    delay = _RETRY_DELAY.search(text)
    return _LASTING.search(text) is not None or (delay is not None and int(delay[1]) > _SOON)


def read_refusal(status: int, body: str | bytes | None) -> Refusal:
    """The refusal in a reply's body: Google's JSON, or a proxy's text."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        error = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        return Refusal(status, _paragraph(re.sub(r"<[^>]*>", " ", text)) or f"HTTP status {status}")
    if not isinstance(error, dict):  # OAuth's form
        return Refusal(status, _paragraph(f"{error}"), reason=str(error))
    reason, service = error.get("status"), None
    for item in error.get("errors") or ():
        reason = item.get("reason") or reason
    for detail in error.get("details") or ():
        if str(detail.get("@type", "")).endswith("google.rpc.ErrorInfo"):
            reason = detail.get("reason") or reason
            service = (detail.get("metadata") or {}).get("service")
    return Refusal(status, _paragraph(str(error.get("message", ""))), reason, service)


def error_of(
    refusal: Refusal, what: str, *, where: str | None = None, project: str | None = None
) -> ZenstrapError:
    """The error for a refusal.

    Args:
        what: what failed, for users; replaced by the cause if that is known.
        where: what it is about.
        project: the id of the Google Cloud project, for the command that fixes it.
    """
    special = explain(refusal, what, where=where, project=project)
    if special is not None:
        return special
    fix = None
    if refusal.status >= 500:
        fix = "Google Cloud has a problem: try again in a few minutes"
    return _refused(RefusedCallError, refusal, what, where=where, why=refusal.message, fix=fix)


def explain(
    refusal: Refusal, what: str, *, where: str | None = None, project: str | None = None
) -> ZenstrapError | None:
    """The error for a refusal whose cause is known; None for any other."""
    text = f"{refusal.message} {refusal.reason or ''}"
    project_id = project or "PROJECT_ID"

    def error(
        what: str,
        *,
        fix: str,
        command: str | None = None,
        why: str | None = None,
        kind: type[RefusedCallError] = RefusedCallError,
    ) -> ZenstrapError:
        why = why or refusal.message
        return _refused(kind, refusal, what, where=where, why=why, fix=fix, command=command)

    if refusal.status == 401:
        return AuthenticationError(
            "Google does not accept your login",
            where=where,
            why=refusal.message,
            fix="Log in again",
            command=LOG_IN,
        )
    if _QUOTA_PROJECT.search(text):
        return error(
            what,
            why="Your login has no quota project for this call, or one that you may not use",
            fix="Set a quota project",
            command=f"gcloud auth application-default set-quota-project {project_id}",
        )
    if disabled := _DISABLED.search(text):
        service = refusal.service or _service(refusal.message)
        return error(
            f"the API {service or disabled['api'] or ''} is not enabled".replace("  ", " "),
            kind=ApiDisabledError,
            why="It was never enabled in the project, or only just now, which takes some minutes",
            fix="Enable it",
            command=f"gcloud services enable {service or 'SERVICE'} --project {project_id}",
        )
    if _BILLING.search(text):
        return error(
            "billing is not enabled for the project",
            fix="Link an open billing account",
            command=f"gcloud billing projects link {project_id} --billing-account ACCOUNT_ID",
        )
    if location := _NO_LOCATION.search(text):
        place = next((name for name in location.groups() if name), None)
        return error(
            f"the location {place} does not exist, or you may not use it"
            if place
            else "the location does not exist",
            fix="Correct gcp.region, or the location in the configuration "
            "(`gcloud compute regions list` shows the regions)",
        )
    if _NO_PROJECT.search(text):
        return error(
            f"the project {project_id} does not exist, or you may not see it"
            if project
            else "the project does not exist, or you may not see it",
            fix="Correct gcp.project_id (`gcloud projects list` shows yours), "
            "or have an owner of the project add you",
        )
    if _NAME_TAKEN.search(text):
        return error(
            "the bucket's name is taken",
            why="Another user has a bucket of that name: names are global in Google Cloud",
            fix="Choose another name in the config: stack.components.artifact_store.bucket for "
            "artifacts, state.bucket for Terraform's state",
        )
    if constraint := _CONSTRAINT.search(text):
        name = constraint["name"] or constraint["two"]
        return error(
            f"a policy of the organisation forbids it: {name}",
            fix="Change the configuration to comply with the policy, or ask its administrators "
            "for an exception; to show the policy",
            command=f"gcloud resource-manager org-policies describe {name} "
            f"--project {project_id} --effective",
        )
    if refusal.status == 429 or _QUOTA.search(text):
        quotas = f"https://console.cloud.google.com/iam-admin/quotas?project={project_id}"
        if lasts(text):
            return error(
                f"a quota is used up: {refusal.message.rstrip('.')}",
                why="It won't be available again soon",
                fix=f"Delete unused resources, or have the quota raised at {quotas}",
            )
        return error(
            "a quota is used up",
            fix="Wait and run the same command again; a quota that stays too small is raised "
            f"at {quotas}",
        )
    if permission := _permission(refusal.message):
        fix, command = _grant(permission, project_id)
        return error(
            f"the permission {permission} is missing",
            kind=NotAllowedError,
            fix=fix,
            command=command,
        )
    if refusal.status == 403 and _FORBIDDEN.search(text):
        return error(
            what,
            kind=NotAllowedError,
            fix=f"Have an owner of the project {project_id} grant it to you",
        )
    return None


def _refused(
    kind: type[RefusedCallError],
    refusal: Refusal,
    what: str,
    *,
    where: str | None,
    why: str | None,
    fix: str | None,
    command: str | None = None,
) -> RefusedCallError:
    error = kind(what, where=where, why=why, fix=fix, command=command)
    error.refusal = refusal
    return error


def role_for(permission: str) -> str | None:
    """The narrowest known predefined role that grants a permission."""
    return next((role for beginning, role in _ROLES if permission.startswith(beginning)), None)


def _grant(permission: str, project: str) -> tuple[str, str | None]:
    """A fix and its command."""
    role = role_for(permission)
    if role is None:
        return f"Have an owner of the project {project} grant a role that has it", None
    granting = f"gcloud projects add-iam-policy-binding {project}"
    return "Have an owner run", f"{granting} --member=PRINCIPAL --role={role}"


def _permission(message: str) -> str | None:
    """The permission that is missing according to Google's message."""
    if match := _SERVICES.search(message):
        return f"serviceusage.services.{match['verb']}"
    match = next((m for m in (p.search(message) for p in _PERMISSIONS) if m), None)
    return match["permission"] if match else None


def _service(message: str) -> str | None:
    match = _SERVICE.search(message)
    return (match[1] or match[2]) if match else None


def _paragraph(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
