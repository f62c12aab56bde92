"""Who a token is for: keys, identities from outside, impersonation; and what they may then."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from tests.zenstrap_rehearsal.conftest import PROJECT, Rest, Terraform
from zenstrap_rehearsal import Rehearsal

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
ACCOUNTS = f"/iam/v1/projects/{PROJECT}/serviceAccounts"
POOL = f"projects/{PROJECT}/locations/global/workloadIdentityPools/zenml-dev"


@pytest.fixture
def email(rest: Rest) -> str:
    return str(rest.ok("POST", ACCOUNTS, {"accountId": "zenml-dev"})["email"])


@pytest.fixture
def key(rest: Rest, email: str) -> dict[str, Any]:
    """The document that a key's user has."""
    made = rest.ok("POST", f"{ACCOUNTS}/{email}/keys", {})
    document: dict[str, Any] = json.loads(base64.b64decode(made["privateKeyData"]))
    return document


def login(key: dict[str, Any]) -> service_account.Credentials:
    return service_account.Credentials.from_service_account_info(key, scopes=SCOPES)


def test_googles_library_gets_a_token_for_a_key(
    rest: Rest, rehearsal: Rehearsal, key: dict[str, Any], email: str
) -> None:
    credentials = login(key)
    credentials.refresh(Request())
    assert rehearsal.cloud.principal(credentials.token) == email
    info = rest.ok("GET", f"/oauth2/v3/tokeninfo?access_token={credentials.token}")
    assert info["email"] == email


def test_a_key_that_was_deleted_gets_none(rest: Rest, key: dict[str, Any], email: str) -> None:
    rest.ok("DELETE", f"{ACCOUNTS}/{email}/keys/{key['private_key_id']}")
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        login(key).refresh(Request())


def test_another_key_under_its_id_gets_none(rest: Rest, key: dict[str, Any], email: str) -> None:
    other = rest.ok("POST", f"{ACCOUNTS}/{email}/keys", {})
    forged = json.loads(base64.b64decode(other["privateKeyData"]))
    forged["private_key_id"] = key["private_key_id"]
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        login(forged).refresh(Request())


def test_a_disabled_account_gets_none(rest: Rest, key: dict[str, Any], email: str) -> None:
    rest.ok("POST", f"{ACCOUNTS}/{email}:disable", {})
    with pytest.raises(RefreshError, match="disabled"):
        login(key).refresh(Request())


def test_the_private_half_is_told_once(
    rest: Rest, key: dict[str, Any], rehearsal: Rehearsal
) -> None:
    kept = json.dumps(rehearsal.resources()) + json.dumps(
        rest.ok("GET", f"{ACCOUNTS}/{key['client_email']}/keys")
    )
    assert "PRIVATE KEY" not in kept
    assert key["private_key_id"] in kept


def test_an_account_sees_its_own_path_and_no_other(
    rest: Rest, rehearsal: Rehearsal, email: str
) -> None:
    bucket = "/storage/v1/b/acme-ml-dev-zenml"
    uniform = {"uniformBucketLevelAccess": {"enabled": True}}
    body = {"name": "acme-ml-dev-zenml", "location": "EU", "iamConfiguration": uniform}
    rest.ok("POST", f"/storage/v1/b?project={PROJECT}", body)
    for name in ("mine/a", "others/a"):
        upload(rehearsal, "acme-ml-dev-zenml", name)
    own = "projects/_/buckets/acme-ml-dev-zenml/objects/mine/"
    binding = {
        "role": "roles/storage.objectUser",
        "members": [f"serviceAccount:{email}"],
        "condition": {"title": "own", "expression": f"resource.name.startsWith('{own}')"},
    }
    policy = rest.ok("GET", f"{bucket}/iam?optionsRequestedPolicyVersion=3")
    rest.ok(
        "PUT", f"{bucket}/iam", {**policy, "version": 3, "bindings": [*policy["bindings"], binding]}
    )
    token = rehearsal.token(email)
    rest.ok("GET", f"{bucket}/o/mine%2Fa", token=token)
    assert rest.call("GET", f"{bucket}/o/others%2Fa", token=token)[0] == 403
    assert rest.call("GET", f"{bucket}/o/mine%2Fa", token="nobody's")[0] == 401


def test_impersonation_needs_the_role_on_the_account(
    rest: Rest, rehearsal: Rehearsal, email: str
) -> None:
    caller = str(rest.ok("POST", ACCOUNTS, {"accountId": "caller"})["email"])
    path = f"/iamcredentials/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    token = rehearsal.token(caller)
    assert rest.call("POST", path, {}, token=token)[0] == 403
    role = "roles/iam.serviceAccountTokenCreator"
    binding = {"role": role, "members": [f"serviceAccount:{caller}"]}
    rest.ok("POST", f"{ACCOUNTS}/{email}:setIamPolicy", {"policy": {"bindings": [binding]}})
    reply = rest.ok("POST", path, {"lifetime": "600s"}, token=token)
    assert rehearsal.cloud.principal(reply["accessToken"]) == email
    assert reply["expireTime"].endswith("Z")
    assert rest.call("POST", path, {"lifetime": "7200s"}, token=token)[0] == 400


@pytest.fixture
def audience(rest: Rest, rehearsal: Rehearsal, email: str) -> str:
    """A provider that lets in a subject and a team, and a binding for the team."""
    collection, _, pool = f"/iam/v1/{POOL}".rpartition("/")
    rest.ok("POST", f"{collection}?workloadIdentityPoolId={pool}", {})
    rest.ok(
        "POST",
        f"/iam/v1/{POOL}/providers?workloadIdentityPoolProviderId=oidc",
        {
            "oidc": {"issuerUri": "https://issuer.example"},
            "attributeMapping": {
                "google.subject": "assertion.sub",
                "attribute.team": "assertion.team",
            },
            "attributeCondition": 'attribute.team in ["risk","search"]',
        },
    )
    name = rest.ok("GET", f"/iam/v1/{POOL}")["name"]
    member = f"principalSet://iam.googleapis.com/{name}/attribute.team/risk"
    binding = {"role": "roles/iam.workloadIdentityUser", "members": [member]}
    rest.ok("POST", f"{ACCOUNTS}/{email}:setIamPolicy", {"policy": {"bindings": [binding]}})
    return f"//iam.googleapis.com/{name}/providers/oidc"


def exchange(rehearsal: Rehearsal, audience: str, **claims: Any) -> tuple[int, Any]:
    """Ask for a token with a JWT of an issuer."""
    content = {
        "iss": "https://issuer.example",
        "aud": f"https:{audience}",
        "sub": "job-1",
        "team": "risk",
        "exp": time.time() + 600,
        **claims,
    }
    part = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    form = {
        "audience": audience,
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": f"x.{part}.x",
    }
    request = urllib.request.Request(
        f"{rehearsal.url}/sts/v1/token", urllib.parse.urlencode(form).encode()
    )
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_an_identity_from_outside_becomes_the_account(
    rest: Rest, rehearsal: Rehearsal, email: str, audience: str
) -> None:
    status, reply = exchange(rehearsal, audience)
    assert (status, reply["token_type"]) == (200, "Bearer")
    path = f"/iamcredentials/v1/projects/-/serviceAccounts/{email}:generateAccessToken"
    made = rest.ok("POST", path, {}, token=reply["access_token"])
    assert rehearsal.cloud.principal(made["accessToken"]) == email
    # Let in by the provider, but no member of the set that may act as the account.
    _, other = exchange(rehearsal, audience, team="search")
    assert rest.call("POST", path, {}, token=other["access_token"])[0] == 403


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "https://other.example"}, "invalid_grant"),
        ({"aud": "somebody"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"sub": None}, "invalid_grant"),
        ({"team": "sales"}, "unauthorized_client"),
    ],
)
def test_others_are_not_let_in(
    rehearsal: Rehearsal, audience: str, claims: dict[str, Any], error: str
) -> None:
    status, reply = exchange(rehearsal, audience, **claims)
    assert (status, reply["error"]) == (400, error)


def test_nobody_is_let_in_by_a_deleted_pool(
    rest: Rest, rehearsal: Rehearsal, audience: str
) -> None:
    rest.ok("DELETE", f"/iam/v1/{POOL}")
    assert exchange(rehearsal, audience)[1]["error"] == "invalid_target"


DATA = """
data "google_client_openid_userinfo" "this" {}

output "who" {
  value = data.google_client_openid_userinfo.this.email
}
"""


def test_terraform_acts_as_whom_its_credentials_are_for(
    terraform: Terraform, rest: Rest, key: dict[str, Any], email: str
) -> None:
    terraform.write(DATA)
    terraform.init()
    terraform.apply()
    assert terraform.outputs()["who"] == "owner@example.com"
    terraform.apply(GOOGLE_OAUTH_ACCESS_TOKEN="", GOOGLE_CREDENTIALS=json.dumps(key))
    assert terraform.outputs()["who"] == email
    assert "No credentials loaded" in terraform.apply(code=1, GOOGLE_OAUTH_ACCESS_TOKEN="")
    assert "Error 401" in terraform.apply(code=1, GOOGLE_OAUTH_ACCESS_TOKEN="expired")
    impersonated = {"GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": email}
    terraform.apply(**impersonated)
    assert terraform.outputs()["who"] == email


def upload(rehearsal: Rehearsal, bucket: str, name: str) -> None:
    where = urllib.parse.quote(name, safe="")
    urllib.request.urlopen(
        urllib.request.Request(
            f"{rehearsal.storage.url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={where}",
            b"content",
            {"Content-Type": "text/plain"},
        )
    ).close()
