"""Google's services over HTTP: the shapes of requests and replies, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.zenstrap_rehearsal.conftest import PROJECT, Rest
from zenstrap_rehearsal import Rehearsal

MANAGER = f"/cloudresourcemanager/v1/projects/{PROJECT}"
USAGE = f"/serviceusage/v1/projects/{PROJECT}"
ACCOUNTS = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
POOLS = f"/iam/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
RINGS = f"/cloudkms/v1/projects/{PROJECT}/locations/europe-west1/keyRings"
REPOSITORIES = f"/artifactregistry/v1/projects/{PROJECT}/locations/europe-west1/repositories"


def refused(reply: tuple[int, Any]) -> dict[str, Any]:
    status, body = reply
    assert status >= 400, body
    error: dict[str, Any] = body["error"]
    assert error["code"] == status
    return error


def make_account(rest: Rest, name: str = "zenml-dev") -> str:
    made = rest.ok("POST", ACCOUNTS, {"accountId": name, "serviceAccount": {}})
    return str(made["email"])


def test_a_project_is_known_by_id_and_by_number(rehearsal: Rehearsal, rest: Rest) -> None:
    found = rest.ok("GET", MANAGER)
    assert found["projectId"] == PROJECT
    assert found["lifecycleState"] == "ACTIVE"
    assert rest.ok("GET", f"/cloudresourcemanager/v1/projects/{found['projectNumber']}") == found
    newer = rest.ok("GET", f"/cloudresourcemanager/v3/projects/{PROJECT}")
    assert newer["name"] == f"projects/{rehearsal.project_number}"


def test_somebody_elses_project_is_forbidden_not_missing(rest: Rest) -> None:
    error = refused(rest.call("GET", "/cloudresourcemanager/v1/projects/others"))
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["details"][0]["reason"] == "IAM_PERMISSION_DENIED"


def test_permissions_are_tested_for_the_caller(rehearsal: Rehearsal, rest: Rest) -> None:
    asked = {"permissions": ["storage.buckets.create", "resourcemanager.projects.get"]}
    path = f"{MANAGER}:testIamPermissions"
    assert rest.ok("POST", path, asked) == asked
    rehearsal.faults.deny("storage.buckets.create")
    assert rest.ok("POST", path, asked) == {"permissions": ["resourcemanager.projects.get"]}
    token = rehearsal.token(make_account(rest))
    assert rest.ok("POST", path, asked, token=token) == {}


@pytest.mark.parametrize("token", ["nobody's", ""])
def test_an_unknown_token_is_nobody_and_none_the_owner(rest: Rest, token: str) -> None:
    status, body = rest.call("GET", MANAGER, token=token)
    assert status == (401 if token else 200), body


def test_tokens_expire(rehearsal: Rehearsal, rest: Rest) -> None:
    email = make_account(rest)
    path = "/oauth2/v3/userinfo"
    assert rest.ok("GET", path, token=rehearsal.token(email))["email"] == email
    expired = rehearsal.token(email, seconds=-1.0)
    assert refused(rest.call("GET", path, token=expired))["code"] == 401


def test_apis_are_off_until_enabled_and_then_settle(rehearsal: Rehearsal, rest: Rest) -> None:
    rehearsal.faults.propagate(calls=2)
    path = f"/orgpolicy/v2/projects/{PROJECT}/policies/gcp.x:getEffectivePolicy"
    api = "orgpolicy.googleapis.com"
    error = refused(rest.call("GET", path))
    details = error["details"][0]
    assert (error["code"], details["reason"]) == (403, "SERVICE_DISABLED")
    assert details["metadata"]["service"] == api
    assert details["metadata"]["consumer"] == f"projects/{rehearsal.project_number}"

    assert rest.ok("GET", f"{USAGE}/services/{api}")["state"] == "DISABLED"
    operation = rest.ok("POST", f"{USAGE}/services/{api}:enable", {})
    assert operation["done"] and operation["response"]["service"]["state"] == "ENABLED"
    assert [rest.call("GET", path)[0] for _ in range(4)] == [403, 403, 200, 200]


def test_services_are_listed_and_asked_for_together(rest: Rest) -> None:
    listed = rest.ok("GET", f"{USAGE}/services?filter=state:ENABLED")["services"]
    assert {s["state"] for s in listed} == {"ENABLED"}
    names = [f"projects/{PROJECT}/services/{n}.googleapis.com" for n in ("iam", "run")]
    found = rest.ok("GET", f"{USAGE}/services:batchGet?names={names[0]}&names={names[1]}")
    assert [s["state"] for s in found["services"]] == ["ENABLED", "DISABLED"]
    body = {"serviceIds": ["run.googleapis.com"]}
    rest.ok("POST", f"{USAGE}/services:batchEnable", body)
    assert rest.ok("GET", f"{USAGE}/services/run.googleapis.com")["state"] == "ENABLED"
    assert refused(rest.call("POST", f"{USAGE}/services/nonsense:enable", {}))["code"] == 403


def test_organisation_policies_are_read_in_both_ways(rehearsal: Rehearsal, rest: Rest) -> None:
    constraint = "iam.disableServiceAccountKeyCreation"
    rest.ok("POST", f"{USAGE}/services/orgpolicy.googleapis.com:enable", {})
    newer = f"/orgpolicy/v2/projects/{PROJECT}/policies/{constraint}:getEffectivePolicy"
    older = f"{MANAGER}:getEffectiveOrgPolicy"
    asked = {"constraint": f"constraints/{constraint}"}
    assert rest.ok("GET", newer)["spec"]["rules"] == [{"enforce": False}]
    assert rest.ok("POST", older, asked)["booleanPolicy"] == {}
    rehearsal.enforce(constraint)
    assert rest.ok("GET", newer)["spec"]["rules"] == [{"enforce": True}]
    assert rest.ok("POST", older, asked)["booleanPolicy"] == {"enforced": True}
    error = refused(rest.call("POST", f"{ACCOUNTS}/{make_account(rest)}/keys", {}))
    assert error["status"] == "FAILED_PRECONDITION"


def test_a_deleted_pool_keeps_its_id_until_it_is_taken_back(rest: Rest) -> None:
    create = f"{POOLS}?workloadIdentityPoolId=zenml-dev"
    assert rest.ok("POST", create, {"displayName": "ZenML"})["response"]["state"] == "ACTIVE"
    rest.ok("DELETE", f"{POOLS}/zenml-dev")
    assert rest.ok("GET", POOLS) == {}
    (shown,) = rest.ok("GET", f"{POOLS}?showDeleted=true")["workloadIdentityPools"]
    assert shown["state"] == rest.ok("GET", f"{POOLS}/zenml-dev")["state"] == "DELETED"
    assert refused(rest.call("POST", create, {}))["status"] == "ALREADY_EXISTS"
    providers = f"{POOLS}/zenml-dev/providers?workloadIdentityPoolProviderId=oidc"
    assert refused(rest.call("POST", providers, {}))["status"] == "FAILED_PRECONDITION"
    rest.ok("POST", f"{POOLS}/zenml-dev:undelete", {})
    assert rest.ok("GET", f"{POOLS}/zenml-dev")["state"] == "ACTIVE"
    assert refused(rest.call("POST", f"{POOLS}/zenml-dev:undelete", {}))["code"] == 400


def test_a_deleted_pool_is_gone_after_30_days(tmp_path: Any) -> None:
    moment = [1_800_000_000.0]
    with Rehearsal(
        tmp_path, project_id=PROJECT, apis=["iam.googleapis.com"], clock=lambda: moment[0]
    ) as rehearsal:
        rest = Rest(rehearsal)
        rest.ok("POST", f"{POOLS}?workloadIdentityPoolId=zenml-dev", {})
        rest.ok("DELETE", f"{POOLS}/zenml-dev")
        moment[0] += 29 * 86400
        assert rest.ok("GET", f"{POOLS}/zenml-dev")["state"] == "DELETED"
        moment[0] += 2 * 86400
        assert refused(rest.call("GET", f"{POOLS}/zenml-dev"))["code"] == 404


OIDC = {"oidc": {"issuerUri": "https://issuer.example"}}
MAPPED = {**OIDC, "attributeMapping": {"google.subject": "assertion.sub"}}


@pytest.mark.parametrize(
    "body",
    [
        OIDC,
        {"attributeMapping": {"google.subject": "assertion.sub"}},
        {**MAPPED, "aws": {"accountId": "123456789012"}},
        {**MAPPED, "oidc": {"issuerUri": "http://issuer.example"}},
        {**MAPPED, "attributeMapping": {"google.subject": "assertion."}},
        {**MAPPED, "attributeMapping": {"google.subject": "assertion.sub", "attribute.A": "'x'"}},
        {**MAPPED, "attributeCondition": "google.subject in ['a'"},
        {**MAPPED, "displayName": "x" * 33},
        {"aws": {"accountId": "12"}},
    ],
)
def test_a_provider_that_would_let_in_nobody_or_anybody_is_refused(rest: Rest, body: Any) -> None:
    rest.ok("POST", f"{POOLS}?workloadIdentityPoolId=zenml-dev", {})
    path = f"{POOLS}/zenml-dev/providers?workloadIdentityPoolProviderId="
    assert refused(rest.call("POST", f"{path}oidc", body))["status"] == "INVALID_ARGUMENT"
    rest.ok("POST", f"{path}good", MAPPED)


def test_keys_and_key_rings_are_for_ever(rest: Rest) -> None:
    rest.ok("POST", f"{RINGS}?keyRingId=zenml", {})
    key = rest.ok("POST", f"{RINGS}/zenml/cryptoKeys?cryptoKeyId=zenml", {})
    assert key["primary"]["state"] == "ENABLED"
    assert refused(rest.call("POST", f"{RINGS}?keyRingId=zenml", {}))["code"] == 409
    again = rest.call("POST", f"{RINGS}/zenml/cryptoKeys?cryptoKeyId=zenml", {})
    assert refused(again)["code"] == 409
    assert rest.call("DELETE", f"{RINGS}/zenml")[0] == 404
    version = f"{RINGS}/zenml/cryptoKeys/zenml/cryptoKeyVersions/1"
    assert rest.ok("POST", f"{version}:destroy", {})["state"] == "DESTROY_SCHEDULED"
    assert "primary" not in rest.ok("GET", f"{RINGS}/zenml/cryptoKeys/zenml")


def granting(*emails: str) -> dict[str, Any]:
    """A policy under which these accounts may use a key."""
    members = [f"serviceAccount:{email}" for email in emails]
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    return {"policy": {"bindings": [{"role": role, "members": members}]}}


def test_a_service_encrypts_only_with_a_key_that_it_may_use(rest: Rest) -> None:
    rest.ok("POST", f"{RINGS}?keyRingId=zenml", {})
    key = rest.ok("POST", f"{RINGS}/zenml/cryptoKeys?cryptoKeyId=zenml", {})["name"]
    repository = {"format": "DOCKER", "kmsKeyName": key}
    bucket = {
        "name": "acme-cmek",
        "location": "europe-west1",
        "encryption": {"defaultKmsKeyName": key},
    }
    create, make = f"{REPOSITORIES}?repositoryId=images", f"/storage/v1/b?project={PROJECT}"
    assert refused(rest.call("POST", create, repository))["code"] == 403
    assert rest.call("POST", make, bucket)[0] in (400, 403)

    agents = [
        rest.make_service_agent("artifactregistry.googleapis.com"),
        rest.ok("GET", f"/storage/v1/projects/{PROJECT}/serviceAccount")["email_address"],
    ]
    rest.ok("POST", f"/cloudkms/v1/{key}:setIamPolicy", granting(*agents))
    rest.ok("POST", create, repository)
    rest.ok("POST", make, bucket)
    elsewhere = create.replace("europe-west1", "europe-west4")
    assert refused(rest.call("POST", elsewhere, repository))["code"] == 400


def enable(rest: Rest, api: str) -> None:
    rest.ok("POST", f"{USAGE}/services/{api}:enable", {})


def test_a_service_agent_gets_nothing_before_google_has_made_it(
    rehearsal: Rehearsal, rest: Rest
) -> None:
    rest.ok("POST", f"{RINGS}?keyRingId=zenml", {})
    key = rest.ok("POST", f"{RINGS}/zenml/cryptoKeys?cryptoKeyId=zenml", {})["name"]
    number = rehearsal.project_number

    def grant(place: str) -> tuple[int, Any]:
        email = f"service-{number}@{place}.iam.gserviceaccount.com"
        return rest.call("POST", f"/cloudkms/v1/{key}:setIamPolicy", granting(email))

    # On request only, whether the API is on or not.
    for api, place in (
        ("artifactregistry.googleapis.com", "gcp-sa-artifactregistry"),
        ("aiplatform.googleapis.com", "gcp-sa-aiplatform"),
    ):
        enable(rest, api)
        error = refused(grant(place))
        email = f"service-{number}@{place}.iam.gserviceaccount.com"
        assert error["code"] == 400
        assert error["message"] == f"Service account {email} does not exist."
        assert rest.make_service_agent(api) == rest.make_service_agent(api) == email
        assert grant(place)[0] == 200

    # With the API.
    assert refused(grant("serverless-robot-prod"))["code"] == 400
    enable(rest, "run.googleapis.com")
    assert grant("serverless-robot-prod")[0] == 200

    # When storage is asked for it, and in no other way.
    usage = f"/serviceusage/v1beta1/projects/{PROJECT}/services"
    asked = rest.ok("POST", f"{usage}/storage.googleapis.com:generateServiceIdentity", {})
    assert asked["done"] and "email" not in asked["response"]
    assert refused(grant("gs-project-accounts"))["code"] == 400
    rest.ok("GET", f"/storage/v1/projects/{PROJECT}/serviceAccount")
    assert grant("gs-project-accounts")[0] == 200


def test_the_first_repository_brings_its_service_agent(rehearsal: Rehearsal, rest: Rest) -> None:
    email = f"service-{rehearsal.project_number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    policy = granting(email)
    assert rest.call("POST", f"{MANAGER}:setIamPolicy", policy)[0] == 400
    rest.ok("POST", f"{REPOSITORIES}?repositoryId=images", {"format": "DOCKER"})
    rest.ok("POST", f"{MANAGER}:setIamPolicy", policy)


@pytest.mark.parametrize(
    ("api", "code"), [("iam.googleapis.com", 400), ("aiplatform.googleapis.com", 403)]
)
def test_a_service_agent_that_can_not_be_made(rest: Rest, api: str, code: int) -> None:
    usage = f"/serviceusage/v1beta1/projects/{PROJECT}/services"
    asked = rest.call("POST", f"{usage}/{api}:generateServiceIdentity", {})
    assert refused(asked)["code"] == code


def test_a_region_that_does_not_exist_is_refused(rest: Rest) -> None:
    for path in (f"{RINGS}?keyRingId=zenml", f"{REPOSITORIES}?repositoryId=images"):
        wrong = path.replace("europe-west1", "europe-west99")
        error = refused(rest.call("POST", wrong, {"format": "DOCKER"}))
        assert (error["code"], error["details"][0]["metadata"]) == (
            403,
            {"location": "europe-west99"},
        )


def test_an_account_comes_back_as_another_one(rehearsal: Rehearsal, rest: Rest) -> None:
    email = make_account(rest)
    again = rest.call("POST", ACCOUNTS, {"accountId": "zenml-dev"})
    assert refused(again)["status"] == "ALREADY_EXISTS"
    first = rest.ok("GET", f"{ACCOUNTS}/{email}")["uniqueId"]
    binding = {"role": "roles/viewer", "members": [f"serviceAccount:{email}"]}
    rest.ok("POST", f"{MANAGER}:setIamPolicy", {"policy": {"bindings": [binding]}})
    rest.ok("DELETE", f"{ACCOUNTS}/{email}")
    make_account(rest)
    assert rest.ok("GET", f"{ACCOUNTS}/{email}")["uniqueId"] != first
    gone = f"deleted:serviceAccount:{email}?uid={first}"
    assert rehearsal.policy(f"projects/{PROJECT}") == [{**binding, "members": [gone]}]


@pytest.mark.parametrize(
    "binding",
    [
        {"role": "roles/viewer", "members": ["ada@acme.example"]},
        {"role": "roles/viewer", "members": ["user:ada"]},
        {
            "role": "roles/viewer",
            "members": [f"serviceAccount:none@{PROJECT}.iam.gserviceaccount.com"],
        },
        {
            "role": "roles/viewer",
            "members": ["principal://iam.googleapis.com/projects/x/subject/y"],
        },
        {"role": "viewer", "members": ["allUsers"]},
        {"role": f"projects/{PROJECT}/roles/missing", "members": ["allUsers"]},
        {
            "role": "roles/viewer",
            "members": ["allUsers"],
            "condition": {"title": "x", "expression": "resource.name =="},
        },
        {"role": "roles/viewer", "members": ["allUsers"], "condition": {"expression": "true"}},
    ],
)
def test_a_policy_says_only_what_iam_understands(rest: Rest, binding: Any) -> None:
    policy = {"version": 3, "bindings": [binding]}
    error = refused(rest.call("POST", f"{MANAGER}:setIamPolicy", {"policy": policy}))
    assert error["status"] == "INVALID_ARGUMENT"
    assert "bindings" not in rest.ok("POST", f"{MANAGER}:getIamPolicy", {})


def test_a_policy_that_changed_in_between_is_not_overwritten(rest: Rest) -> None:
    read = rest.ok("POST", f"{MANAGER}:getIamPolicy", {})
    binding = {"role": "roles/viewer", "members": ["user:ada@acme.example"]}
    mine = {**read, "bindings": [binding]}
    rest.ok("POST", f"{MANAGER}:setIamPolicy", {"policy": mine})
    error = refused(rest.call("POST", f"{MANAGER}:setIamPolicy", {"policy": mine}))
    assert (error["code"], error["status"]) == (409, "ABORTED")


def test_conditions_need_a_policy_of_version_3(rest: Rest) -> None:
    binding = {
        "role": "roles/viewer",
        "members": ["user:ada@acme.example"],
        "condition": {"title": "x", "expression": "true"},
    }
    path = f"{MANAGER}:setIamPolicy"
    assert rest.call("POST", path, {"policy": {"bindings": [binding]}})[0] == 400
    rest.ok("POST", path, {"policy": {"version": 3, "bindings": [binding]}})


def test_an_account_may_do_what_its_roles_allow(rehearsal: Rehearsal, rest: Rest) -> None:
    email = make_account(rest)
    token = rehearsal.token(email)
    body = {"accountId": "another-one"}
    assert refused(rest.call("POST", ACCOUNTS, body, token=token))["status"] == "PERMISSION_DENIED"
    role = {"roleId": "maker", "role": {"includedPermissions": ["iam.serviceAccounts.create"]}}
    name = rest.ok("POST", f"/iam/v1/projects/{PROJECT}/roles", role)["name"]
    binding = {"role": name, "members": [f"serviceAccount:{email}"]}
    rest.ok("POST", f"{MANAGER}:setIamPolicy", {"policy": {"bindings": [binding]}})
    rest.ok("POST", ACCOUNTS, body, token=token)


def test_what_the_double_does_not_know_says_so(rest: Rest) -> None:
    error = refused(rest.call("GET", "/compute/v1/projects/x"))
    assert (error["code"], "README" in error["message"]) == (404, True)


@pytest.mark.parametrize(
    "labels", [{"Team": "ml"}, {"team": "ML"}, {"team": "x" * 64}, {"1team": "ml"}, {"": "x"}]
)
def test_labels_are_lower_case_and_short(rest: Rest, labels: dict[str, str]) -> None:
    body = {"format": "DOCKER", "labels": labels}
    assert refused(rest.call("POST", f"{REPOSITORIES}?repositoryId=images", body))["code"] == 400
