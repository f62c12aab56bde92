"""Google's refusals as Terraform reports them: one paragraph each, with the right exit code."""

from __future__ import annotations

import pytest

from zenstrap.errors import AuthenticationError, TerraformError, exit_code
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.diagnostic import Diagnostic
from zenstrap.terraform.diagnostics import error_from, parse_diagnostic

ADDRESS = "module.artifact_store.google_storage_bucket.this"
DETAILS = """
Details:
[
  {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "domain": "cloudresourcemanager.googleapis.com",
    "metadata": {
      "permission": "artifactregistry.repositories.create",
      "resource": "projects/acme-ml-dev"
    },
    "reason": "IAM_PERMISSION_DENIED"
  }
]
, forbidden"""


def read(summary: str, detail: str = "") -> Diagnostic:
    found = parse_diagnostic(
        {"severity": "error", "summary": summary, "detail": detail, "address": ADDRESS}
    )
    assert found
    return found


@pytest.mark.parametrize(
    ("summary", "detail", "code", "told"),
    [
        (  # a bucket's name that is taken
            "googleapi: Error 409: The requested bucket name is not available. The bucket "
            "namespace "
            "is shared by all users of the system. Please select a different name and try again., "
            "conflict",
            "",
            1,
            ("name is taken", "artifact_store.bucket"),
        ),
        (  # a project that doesn't exist
            "Error when reading or editing Project Service : Request `List Project Services "
            "acme-ml-dve` returned error: Failed to list enabled services for project acme-ml-dve: "
            "googleapi: Error 403: Project 'acme-ml-dve' not found or permission denied., "
            "forbidden",
            "",
            1,
            ("project acme-ml-dve does not exist", "gcp.project_id"),
        ),
        (
            "googleapi: Error 400: Unknown project id: acme-ml-dve, invalid",
            "",
            1,
            ("project", "gcp.project_id"),
        ),
        (  # a region that doesn't exist
            "Error creating Repository: googleapi: Error 403: Permission denied on "
            "'locations/europe-west99' (or it may not exist).",
            "",
            1,
            ("europe-west99", "gcp.region"),
        ),
        (
            "googleapi: Error 400: The specified location constraint is not valid., invalid",
            "",
            1,
            ("location", "gcp.region"),
        ),
        (
            "googleapi: Error 403: Location europe-west99 is not found or access is unauthorized.",
            "",
            1,
            ("europe-west99",),
        ),
        (  # nobody is logged in
            "storage.NewClient() failed: dialing: google: could not find default credentials. See "
            "https://cloud.google.com/docs/authentication/external/set-up-adc for more information",
            "",
            3,
            ("gcloud auth application-default login",),
        ),
        (
            "Attempted to load application default credentials since neither `credentials` nor "
            "`access_token` was set in the provider block.  No credentials loaded. To use your "
            "gcloud credentials, run 'gcloud auth application-default login'",
            "",
            3,
            ("gcloud auth application-default login",),
        ),
        (  # an expired login
            "Failed to get existing workspaces: querying Cloud Storage failed: Get "
            '"https://storage.googleapis.com/storage/v1/b/x/o": oauth2: cannot fetch token: '
            "400 Bad "
            'Request Response: { "error": "invalid_grant", "error_description": "Bad Request" }',
            "",
            3,
            ("gcloud auth application-default login",),
        ),
        (
            "Error when reading or editing Project: googleapi: Error 401: Request had invalid "
            "authentication credentials. Expected OAuth 2 access token, login cookie or "
            "other valid "
            "authentication credential., authError",
            "",
            3,
            ("gcloud auth application-default login",),
        ),
        (
            'Get "https://storage.googleapis.com": impersonate: status code 403: { "error": { '
            '"code": 403, "message": "Permission \'iam.serviceAccounts.getAccessToken\' denied on '
            'resource (or it may not exist)." } }',
            "",
            3,
            ("serviceAccountTokenCreator",),
        ),
        (  # a missing permission: which, on what, and a role that has it
            "Error creating Repository: googleapi: Error 403: Permission "
            "'artifactregistry.repositories.create' denied on resource "
            "'//artifactregistry.googleapis.com/projects/acme-ml-dev/locations/europe-west1' "
            "(or it "
            f"may not exist).{DETAILS}",
            "",
            1,
            (
                "permission artifactregistry.repositories.create is missing",
                "projects/acme-ml-dev/locations/europe-west1",
                "add-iam-policy-binding acme-ml-dev --member=PRINCIPAL "
                "--role=roles/artifactregistry.admin",
            ),
        ),
        (
            "Failed to open state",
            "querying Cloud Storage failed: googleapi: Error 403: ada@acme.example does not have "
            "storage.objects.list access to the Google Cloud Storage bucket. Permission "
            "'storage.objects.list' denied on resource (or it may not exist)., forbidden",
            1,
            ("storage.objects.list", "roles/storage.objectUser"),
        ),
        (
            "Error creating service account: googleapi: Error 403: Permission "
            "iam.serviceAccounts.create is required to perform this operation on project "
            "projects/acme-ml-dev., forbidden",
            "",
            1,
            ("iam.serviceAccounts.create", "roles/iam.serviceAccountAdmin"),
        ),
        (  # a quota
            "Error creating ServiceAccount: googleapi: Error 429: Maximum number of service "
            "accounts "
            "on project reached., rateLimitExceeded",
            "",
            1,
            ("quota", "Maximum number of service accounts", "raised"),
        ),
        (
            "googleapi: Error 412: Request violates constraint "
            "'constraints/gcp.resourceLocations', conditionNotMet",
            "",
            1,
            ("gcp.resourceLocations",),
        ),
        (
            "Failed to get existing workspaces: querying Cloud Storage failed: storage: bucket "
            "doesn't exist",
            "",
            1,
            ("the bucket doesn't exist", "up"),
        ),
    ],
)
def test_bad_input_is_told_in_one_paragraph(
    summary: str, detail: str, code: int, told: tuple[str, ...]
) -> None:
    error = error_from(
        [read(summary, detail)],
        command="apply",
        where="root",
        state="gs://b/s",
        code=1,
        provider=PROVIDER,
    )
    text = str(error)
    assert exit_code(error) == code, text
    assert isinstance(error, AuthenticationError if code == 3 else GoogleError)
    assert "\n" not in text and error.fix
    assert not [one for one in told if one not in text], text


def test_what_is_not_known_stays_terraforms_own() -> None:
    words = "googleapi: Error 400: Invalid JSON payload received., badRequest"
    error = error_from(
        [read(words)],
        command="apply",
        where="root",
        state="gs://b/s",
        code=1,
        provider=PROVIDER,
    )
    assert type(error) is TerraformError and error.what == words


def test_other_errors_beside_it_are_counted() -> None:
    refused = read("googleapi: Error 400: Unknown project id: acme, invalid")
    error = error_from(
        [read("Something else"), refused],
        command="plan",
        where="root",
        state="gs://b/s",
        code=1,
        provider=PROVIDER,
    )
    assert isinstance(error, GoogleError) and "And 1 more error: Something else" in str(error)


@pytest.mark.parametrize(
    "summary",
    ["Error acquiring the state lock", "Saved plan is stale", "Failed to load state"],
)
def test_a_complaint_about_the_state_names_the_states_place(summary: str) -> None:
    error = error_from(
        [read(summary)],
        command="plan",
        where="root",
        state="gs://b/s",
        code=1,
        provider=PROVIDER,
    )
    assert error.where == "gs://b/s"
