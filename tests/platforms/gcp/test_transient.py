"""The errors that are worth another try, in the words in which Google's provider tells them."""

from __future__ import annotations

import pytest

from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.diagnostic import Diagnostic

TRANSIENT = [
    "Error 429: Resource has been exhausted (e.g. check quota).\nDetails:\n[\n  {\n    "
    '"@type": "type.googleapis.com/google.rpc.RetryInfo",\n    "retryDelay": "30s"\n  }\n]',
    "Error creating Repository: googleapi: Error 403: Artifact Registry API has not been used in "
    "project 123456789012 before or it is disabled. Enable it by visiting https://console.… then "
    "retry. If you enabled this API recently, wait a few minutes for the action to propagate to "
    "our systems and retry.",
    "googleapi: Error 403: Vertex AI API has not been used in project p before or it is disabled."
    '\nDetails:\n[\n  {\n    "reason": "SERVICE_DISABLED"\n  }\n], accessNotConfigured',
    "Error 429: Quota exceeded for quota metric 'Write requests' and limit 'Write requests per "
    "minute' of service 'iam.googleapis.com', rateLimitExceeded",
    "googleapi: Error 503: The service is currently unavailable., backendError",
    "Error setting IAM policy: googleapi: Error 400: Service account "
    "zenml-dev@acme.iam.gserviceaccount.com does not exist., badRequest",
    "googleapi: Error 404: Unknown service account, notFound",
    "googleapi: Error 403: Permission denied on Cloud KMS key. Please ensure that your Cloud "
    "Storage service account has been authorized to use this key., forbidden",
    "Error 400: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource "
    "'projects/p/locations/europe/keyRings/r/cryptoKeys/k' (or it may not exist).",
    "googleapi: Error 409: There were concurrent policy changes. Please retry the whole "
    "read-modify-write with exponential backoff., aborted",
]
FINAL = [
    "googleapi: Error 403: Permission 'storage.buckets.create' denied on resource, forbidden",
    "googleapi: Error 409: The requested bucket name is not available., conflict",
    "googleapi: Error 409: Requested entity already exists, alreadyExists",
    "googleapi: Error 404: The requested project was not found., notFound",
    "googleapi: Error 400: Invalid value for region, badRequest",
    "googleapi: Error 401: Invalid Credentials, authError",
    "Error 403: The billing account for the owning project is disabled in state absent",
    "Error trying to delete bucket acme without `force_destroy` set to true",
    "unexpected status 5031",
    "googleapi: Error 429: Maximum number of service accounts on project reached., "
    "rateLimitExceeded",
    "Error 429: Quota exceeded for quota metric 'Key creations' and limit 'Key creations per day' "
    "of service 'iam.googleapis.com', rateLimitExceeded",
    "Error 429: Resource has been exhausted (e.g. check quota).\nDetails:\n[\n  {\n    "
    '"@type": "type.googleapis.com/google.rpc.RetryInfo",\n    "retryDelay": "86399s"\n  }\n]',
    "Error 429: The project has reached its limit of buckets., rateLimitExceeded",
]


def error(text: str, severity: str = "error") -> Diagnostic:
    return Diagnostic(severity=severity, summary=text)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TRANSIENT)
def test_these_pass(text: str) -> None:
    assert PROVIDER.passing(error(text))
    assert PROVIDER.passing(Diagnostic(severity="error", summary="Error creating it", detail=text))


@pytest.mark.parametrize("text", FINAL)
def test_these_never_do(text: str) -> None:
    assert PROVIDER.passing(error(text)) is None


def test_one_that_stays_is_enough_to_stop() -> None:
    assert PROVIDER.are_passing([error(TRANSIENT[1]), error(TRANSIENT[4])])
    assert not PROVIDER.are_passing([error(TRANSIENT[0]), error(FINAL[0])])
    assert PROVIDER.are_passing([error(TRANSIENT[0]), error(FINAL[0], "warning")])
    assert not PROVIDER.are_passing([error(FINAL[0], "warning")]) and not PROVIDER.are_passing([])
