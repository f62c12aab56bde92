"""Google's resource types in a Terraform plan, and the errors of Google's provider."""

from __future__ import annotations

import re
from typing import Final

from zenstrap.errors import AuthenticationError, ZenstrapError
from zenstrap.platforms.gcp.api.refusals import LOG_IN, Refusal, explain, lasts
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.terraform.diagnostic import Diagnostic
from zenstrap.terraform.provider import Provider

CUSTOM_ROLE: Final = "google_project_iam_custom_role"
BUCKET: Final = "google_storage_bucket"
REPOSITORY: Final = "google_artifact_registry_repository"
API: Final = "google_project_service"
ACCOUNT_KEY: Final = "google_service_account_key"
HMAC_KEY: Final = "google_storage_hmac_key"

# Replacing one of these loses everything it ever encrypted, and Google never frees their names.
_ENCRYPTION: Final = frozenset({"google_kms_crypto_key", "google_kms_key_ring"})

# Resource types that grant access, by the provider's naming conventions: the policy must also catch
# types that it doesn't know. Pools and their providers grant nothing by themselves.
_ACCESS: Final = ("_iam_", "_acl", "_access_control", "_dataset_access")
_POOLS: Final = "google_iam_workload_identity_pool"

_UNAUTHENTICATED = re.compile(
    r"could not find default credentials|invalid_grant|invalid_client|Error 401\b"
    r"|Request had invalid authentication credentials|oauth2: cannot fetch token"
    r"|No credentials loaded|reauth related error",
    re.IGNORECASE,
)
_IMPERSONATION = re.compile(r"impersonate: |iam\.serviceAccounts\.getAccessToken")
_NO_BUCKET = re.compile(r"storage: bucket doesn't exist|The specified bucket does not exist")

# The format of errors in Google's Go library, and so in the provider and the backend.
_REFUSAL = re.compile(
    r"googleapi: (?:got HTTP response code|Error) (?P<status>[0-9]{3})(?: with body)?:? "
    r"(?P<message>.*?)(?:, (?P<reason>[A-Za-z]+))?\.?(?: Details: .*| More details: .*)?$"
)
_DETAILED_REASON = re.compile(r'"reason": ?"(\w+)"')
_PROJECT = re.compile(r"\bprojects?[/ \"']+([a-z][a-z0-9-]{4,28}[a-z0-9])\b")

# By explanation: the pattern of Google's message in the provider's error.
_TRANSIENT: Final = {
    # An enabled API takes minutes to be available everywhere. Only an apply is retried, and it
    # enables the APIs first.
    "an API that was just enabled isn't available yet": r"Error 403\b.*"
    r"(has not been used in project \S+ before or it is disabled|SERVICE_DISABLED"
    r"|accessNotConfigured)",
    "too many requests": r"Error 429\b|rateLimitExceeded",
    "the service is unavailable for a moment": r"Error 503\b",
    # IAM is eventually consistent: https://cloud.google.com/iam/docs/access-change-propagation
    "a service account that was just created isn't known yet": r"Error 40[04]\b.*"
    r"[Ss]ervice account \S+ does not exist|Error 404\b.*Unknown service account",
    "a role that was just granted isn't effective yet": r"Error 40[03]\b.*"
    r"(cloudkms\.cryptoKeyVersions\.useTo\w+|[Pp]ermission denied on Cloud KMS key)",
    "another user changed the same policy": r"Error 409\b.*concurrent policy changes",
}


def gives_access(type: str) -> bool:
    """Whether a resource type of Google's grants access."""
    return (
        type.startswith("google_")
        and not type.startswith(_POOLS)
        and any(part in type for part in _ACCESS)
    )


def explain_diagnostic(diagnostic: Diagnostic, where: str) -> ZenstrapError | None:
    """The error for a refusal of Google's whose cause is known; None for any other.

    Args:
        where: named in the error if the diagnostic has no address.
    """
    place = diagnostic.subject or where
    if _IMPERSONATION.search(diagnostic.text):
        return AuthenticationError(
            "you may not impersonate the service account that Terraform uses",
            where="gcp.terraform_service_account",
            why=diagnostic.detail or diagnostic.summary,
            fix="Have an owner grant you roles/iam.serviceAccountTokenCreator on it",
        )
    if _UNAUTHENTICATED.search(diagnostic.text):
        return AuthenticationError(
            diagnostic.summary,
            where=place,
            why=diagnostic.detail or None,
            fix="Log in",
            command=LOG_IN,
        )
    if _NO_BUCKET.search(diagnostic.summary) or _NO_BUCKET.search(diagnostic.detail):
        return GoogleError(
            "the bucket doesn't exist",
            where=place,
            why=diagnostic.detail or diagnostic.summary,
            fix="Correct its name in the config; `up` creates the state bucket",
        )
    for text in (diagnostic.summary, diagnostic.detail):
        if not (match := _REFUSAL.search(text)):
            continue
        details = _DETAILED_REASON.search(text)
        reason = match["reason"] or (details[1] if details else None)
        project = _PROJECT.search(text)
        return explain(
            Refusal(int(match["status"]), match["message"], reason),
            text[: match.start()].rstrip(": ") or "Google Cloud refused the request",
            where=place,
            project=project[1] if project else None,
        )
    return None


def why_it_passes(diagnostic: Diagnostic) -> str | None:
    """Why an error is transient; None if it isn't."""
    text = f"{diagnostic.summary} {diagnostic.detail}"
    if lasts(text):
        return None
    for why, pattern in _TRANSIENT.items():
        if re.search(pattern, text, re.DOTALL):
            return why
    return None


PROVIDER: Final = Provider(
    # Another user of the project may need an enabled API by now.
    kept_types=_ENCRYPTION | {API},
    key_types=_ENCRYPTION,
    protected_types=_ENCRYPTION | {BUCKET, REPOSITORY},
    # By type, so that a report has only the attributes that the policy needs.
    policy_attributes={
        REPOSITORY: ("docker_config", "kms_key_name"),
        CUSTOM_ROLE: ("permissions",),
        ACCOUNT_KEY: (),
        BUCKET: (
            "encryption",
            "force_destroy",
            "public_access_prevention",
            "uniform_bucket_level_access",
        ),
        HMAC_KEY: (),
    },
    gives_access=gives_access,
    access_attributes=(
        "condition",
        "default_acl",
        "entity",
        "member",
        "members",
        "policy_data",
        "predefined_acl",
        "role",
        "role_entity",
        "special_group",
    ),
    explain=explain_diagnostic,
    passing=why_it_passes,
    variables=("GOOGLE_", "CLOUDSDK_", "STORAGE_EMULATOR_HOST"),
    # With these the gcs backend would use other credentials for the state, or encrypt it with a key
    # that zenstrap doesn't have, but zenstrap itself reads and protects the state.
    # https://developer.hashicorp.com/terraform/language/backend/gcs
    refused_variables=("GOOGLE_BACKEND_", "GOOGLE_ENCRYPTION_KEY", "GOOGLE_KMS_ENCRYPTION_KEY"),
    wanted_variables=frozenset({"GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"}),  # set in a rehearsal
)
