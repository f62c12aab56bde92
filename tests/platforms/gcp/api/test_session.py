"""Asking Google: retries, endpoints, and its refusals in our words."""

from __future__ import annotations

import pytest

from tests.platforms.gcp.api.stub import LOST, Reply, Stub, refusal
from zenstrap.errors import AuthenticationError, ZenstrapError, exit_code
from zenstrap.platforms.gcp.api.org_policy import enforced
from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, NotAllowedError, RefusedCallError
from zenstrap.platforms.gcp.api.resource_manager import get_project, missing_permissions
from zenstrap.platforms.gcp.api.service_usage import enabled_apis
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError

PROJECT = "/v1/projects/acme-ml-dev"
ACTIVE = Reply(
    200,
    {
        "projectNumber": "111111111111",
        "projectId": "acme-ml-dev",
        "lifecycleState": "ACTIVE",
        "name": "Acme ML dev",
        "createTime": "2026-01-01T00:00:00.000Z",
        "parent": {"type": "organization", "id": "1"},
    },
)
DISABLED = refusal(
    403,
    "Cloud Resource Manager API has not been used in project 111111111111 before or it is "
    "disabled. Enable it by visiting https://console.developers.google.com/apis/api/"
    "cloudresourcemanager.googleapis.com/overview?project=111111111111 then retry. If you enabled "
    "this API recently, wait a few minutes for the action to propagate to our systems and retry.",
    code="PERMISSION_DENIED",
    reason="SERVICE_DISABLED",
    service="cloudresourcemanager.googleapis.com",
    consumer="projects/111111111111",
)


def project_error(session: GoogleSession) -> ZenstrapError:
    with pytest.raises(ZenstrapError) as caught:
        get_project(session)
    assert caught.value.fix and "\n" not in str(caught.value)
    return caught.value


def test_the_project_and_its_number(session: GoogleSession, stub: Stub) -> None:
    stub.on(f"GET {PROJECT}", ACTIVE)
    assert get_project(session).number == 111111111111
    assert stub.requests[0].headers["authorization"] == "Bearer ya29.token"


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (
            refusal(403, "The caller does not have permission", code="PERMISSION_DENIED"),
            GoogleError,
            "gcp.project_id",
        ),
        (
            refusal(
                403,
                "Permission 'resourcemanager.projects.get' denied on resource "
                "'//cloudresourcemanager.googleapis.com/projects/acme-ml-dev' (or it may not "
                "exist).",
                code="PERMISSION_DENIED",
                reason="IAM_PERMISSION_DENIED",
                permission="resourcemanager.projects.get",
            ),
            GoogleError,
            "gcp.project_id",
        ),
        (
            DISABLED,
            ApiDisabledError,
            "gcloud services enable cloudresourcemanager.googleapis.com --project acme-ml-dev",
        ),
        (
            refusal(
                403,
                "Your application is authenticating by using local Application Default "
                "Credentials. The cloudresourcemanager.googleapis.com API requires a quota "
                "project, which is not set by default.",
                code="PERMISSION_DENIED",
                reason="SERVICE_DISABLED",
                service="cloudresourcemanager.googleapis.com",
            ),
            RefusedCallError,
            "set-quota-project acme-ml-dev",
        ),
        (
            Reply(200, {"projectNumber": "1", "lifecycleState": "DELETE_REQUESTED"}),
            GoogleError,
            "gcloud projects undelete acme-ml-dev",
        ),
        (Reply(404, b"<html><title>Error 404</title></html>"), GoogleError, "gcp.project_id"),
        (Reply(200, b"<html>Please log in to the wireless</html>"), GoogleError, "HTTPS_PROXY"),
        (
            refusal(
                429,
                "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per "
                "minute' of service 'cloudresourcemanager.googleapis.com'",
                code="RESOURCE_EXHAUSTED",
            ),
            GoogleError,
            "quotas",
        ),
        (LOST, GoogleError, "out of reach"),
    ],
)
def test_a_project_that_can_not_be_read(
    reply: Reply, kind: type[ZenstrapError], told: str, session: GoogleSession, stub: Stub
) -> None:
    stub.on(f"GET {PROJECT}", reply)
    error = project_error(session)
    assert isinstance(error, kind) and told in str(error)
    assert exit_code(error) == (3 if kind is AuthenticationError else 1)


def test_what_passes_is_asked_again_a_few_times(
    session: GoogleSession, stub: Stub, pauses: list[float]
) -> None:
    busy = Reply(503, {"error": {"code": 503, "message": "busy"}}, {"Retry-After": "7"})
    stub.on(f"GET {PROJECT}", busy, LOST, ACTIVE)
    get_project(session)
    assert pauses == [7.0, 2.0]

    stub.on(f"GET {PROJECT}", busy)
    stub.requests.clear()
    project_error(session)
    assert len(stub.requests) == 3


def test_a_plain_no_is_not_asked_again(session: GoogleSession, stub: Stub) -> None:
    stub.on(f"GET {PROJECT}", refusal(403, "The caller does not have permission"))
    project_error(session)
    assert len(stub.requests) == 1


def test_permissions_that_are_missing(session: GoogleSession, stub: Stub) -> None:
    asked = {"storage.buckets.create", "iam.serviceAccounts.create"}
    stub.on(
        f"POST {PROJECT}:testIamPermissions",
        Reply(200, {"permissions": ["storage.buckets.create"]}),
        Reply(200, {}),
    )
    assert missing_permissions(session, asked) == {"iam.serviceAccounts.create"}
    assert missing_permissions(session, asked) == asked
    assert stub.requests[0].json == {"permissions": sorted(asked)}


def test_enabled_apis_come_in_pages(session: GoogleSession, stub: Stub) -> None:
    def page(*names: str) -> list[dict[str, str]]:
        return [{"name": f"projects/1/services/{name}", "state": "ENABLED"} for name in names]

    stub.on(
        f"GET {PROJECT}/services",
        Reply(200, {"services": page("iam.googleapis.com"), "nextPageToken": "2"}),
        Reply(200, {"services": page("run.googleapis.com")}),
    )
    assert enabled_apis(session) == {"iam.googleapis.com", "run.googleapis.com"}
    assert [request.query.get("pageToken") for request in stub.requests] == [None, "2"]
    stub.on(f"GET {PROJECT}/services", Reply(200, {}))
    assert enabled_apis(session) == frozenset()


@pytest.mark.parametrize(
    ("spec", "is_enforced"),
    [
        ({"rules": [{"enforce": True}]}, True),
        ({"rules": [{"enforce": False}]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_an_organisations_policy(
    spec: object, is_enforced: bool, session: GoogleSession, stub: Stub
) -> None:
    name = "iam.disableServiceAccountKeyCreation"
    body = {"name": f"projects/1/policies/{name}"} | ({} if spec is None else {"spec": spec})
    path = f"/v2/projects/acme-ml-dev/policies/{name}:getEffectivePolicy"
    stub.on(f"GET {path}", Reply(200, body))
    assert enforced(session, name) is is_enforced
    assert enforced(session, "iam.unheardOf") is False


def test_a_missing_permission_names_the_role_that_has_it(
    session: GoogleSession, stub: Stub
) -> None:
    stub.otherwise = refusal(
        403,
        "Permission 'serviceusage.services.list' denied on resource 'projects/acme-ml-dev' (or it "
        "may not exist).",
        code="PERMISSION_DENIED",
    )
    with pytest.raises(NotAllowedError) as caught:
        enabled_apis(session)
    assert "serviceusage.services.list" in caught.value.what
    assert "--role=roles/serviceusage.serviceUsageAdmin" in str(caught.value)
