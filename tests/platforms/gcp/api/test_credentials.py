"""Whose credentials are found, in Terraform's order, and what is said where there are none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.gcp.api.stub import Reply, Stub, refusal
from zenstrap.errors import AuthenticationError, exit_code
from zenstrap.platforms.gcp.api.credentials import load_login, signing_in
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError

ADA = "ada@acme-ml-dev.iam.gserviceaccount.com"


@pytest.fixture
def pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nobody is logged in, and which isn't Google's."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return tmp_path / "application_default_credentials.json"


def user(**more: str) -> dict[str, Any]:
    return {
        "type": "authorized_user",
        "client_id": "1.apps.googleusercontent.com",
        "client_secret": "no-secret",
        "refresh_token": "1//refresh",
        **more,
    }


def key(pem: str, token_uri: str) -> dict[str, Any]:
    return {
        "type": "service_account",
        "client_email": ADA,
        "private_key": pem,
        "token_uri": token_uri,
        "project_id": "acme-ml-dev",
    }


def test_without_credentials_the_way_out_is_named(nobody: Path) -> None:
    with pytest.raises(AuthenticationError) as caught:
        load_login(environ={})
    assert exit_code(caught.value) == 3
    assert "gcloud auth application-default login" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_access_token_comes_before_everything_else(nobody: Path) -> None:
    nobody.write_text(json.dumps(user()))
    login = load_login(environ={"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.x", "GOOGLE_CREDENTIALS": "{"})
    assert login.credentials.token == "ya29.x" and login.source == "GOOGLE_OAUTH_ACCESS_TOKEN"
    assert "ya29" not in str(login) and "ya29" not in repr(login)


def test_a_users_login_a_key_and_an_external_account_are_told_apart(
    nobody: Path, pem: str, tmp_path: Path
) -> None:
    nobody.write_text(json.dumps(user(account="ada@acme.example")))
    login = load_login(environ={})
    assert (login.kind, login.principal) == ("user", "ada@acme.example")

    content = json.dumps(key(pem, "https://oauth2.googleapis.com/token"))
    login = load_login(environ={"GOOGLE_CREDENTIALS": content})
    assert (login.kind, login.principal) == ("service account (key)", ADA)
    assert login.source == "GOOGLE_CREDENTIALS"
    file = tmp_path / "key.json"
    file.write_text(content)
    assert load_login(environ={"GOOGLE_CREDENTIALS": str(file)}).principal == ADA

    audience = (
        "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"
    )
    nobody.write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": audience,
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": "https://sts.googleapis.com/v1/token",
                "credential_source": {"file": str(file)},
            }
        )
    )
    assert load_login(environ={}).kind == "external account"


@pytest.mark.parametrize("value", ['{"type": "service_account", "private_key": "hunter2"}', "{"])
def test_a_damaged_key_is_refused_without_being_quoted(value: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        load_login(environ={"GOOGLE_CREDENTIALS": value})
    assert caught.value.where == "GOOGLE_CREDENTIALS"
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match=r"none\.json"):
        load_login(environ={"GOOGLE_CREDENTIALS": str(tmp_path / "none.json")})


def session_with(login: Any, stub: Stub) -> GoogleSession:
    endpoint = {"GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": f"{stub.url}/v1/"}
    return GoogleSession(login, project="acme", environ=endpoint, pause=lambda seconds: None)


def test_an_expired_login_is_an_authentication_error(stub: Stub, pem: str, nobody: Path) -> None:
    """OAuth's own replies, which aren't of the form that Google's services use."""
    revoked = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    stub.on("POST /token", Reply(400, revoked))
    login = load_login(environ={"GOOGLE_CREDENTIALS": json.dumps(key(pem, f"{stub.url}/token"))})
    with pytest.raises(AuthenticationError) as caught:
        session_with(login, stub).get("serviceusage", "v1/x", what="x")
    assert "expired" in str(caught.value) and "gcloud auth" in str(caught.value)
    assert "PRIVATE KEY" not in str(caught.value)


def test_an_expired_access_token_says_which_variable_to_renew(stub: Stub) -> None:
    stub.otherwise = refusal(401, "Invalid Credentials", code="UNAUTHENTICATED")
    login = load_login(environ={"GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.old"})
    with pytest.raises(AuthenticationError) as caught:
        session_with(login, stub).get("serviceusage", "v1/x", what="x")
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in str(caught.value)
    assert "ya29" not in str(caught.value)


def test_terraforms_service_account_is_acted_as(stub: Stub) -> None:
    path = f"/v1/projects/-/serviceAccounts/{ADA}:generateAccessToken"
    stub.on(
        f"POST {path}",
        Reply(200, {"accessToken": "ya29.ada", "expireTime": "2999-01-01T00:00:00Z"}),
    )
    stub.on("GET /v1/x", Reply(200, {"fine": True}))
    environ = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.me",
        "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
    }
    login = load_login(ADA, environ=environ)
    assert login.principal == ADA
    assert session_with(login, stub).get("serviceusage", "v1/x", what="x") == {"fine": True}
    assert stub.requests[-1].headers["authorization"] == "Bearer ya29.ada"

    stub.on(f"POST {path}", refusal(403, "Permission 'iam.serviceAccounts.getAccessToken' denied"))
    with pytest.raises(AuthenticationError, match="serviceAccountTokenCreator"):
        session_with(load_login(ADA, environ=environ), stub).get("serviceusage", "v1/x", what="x")


@pytest.mark.parametrize(
    ("configured", "acted_as"), [(None, ADA), ("tf@p.iam.gserviceaccount.com",) * 2]
)
def test_a_service_account_of_the_environment_is_terraforms_too_unless_one_is_configured(
    stub: Stub, configured: str | None, acted_as: str
) -> None:
    stub.on(
        f"POST /v1/projects/-/serviceAccounts/{acted_as}:generateAccessToken",
        Reply(200, {"accessToken": "ya29.acting", "expireTime": "2999-01-01T00:00:00Z"}),
    )
    stub.on("GET /v1/x", Reply(200, {"fine": True}))
    environ = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.me",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": ADA,
        "GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
    }
    login = load_login(configured, environ=environ)
    assert login.principal == acted_as
    session_with(login, stub).get("serviceusage", "v1/x", what="x")
    assert stub.requests[-1].headers["authorization"] == "Bearer ya29.acting"


def test_a_token_service_out_of_reach_is_no_refused_login(pem: str) -> None:
    login = load_login(
        environ={"GOOGLE_CREDENTIALS": json.dumps(key(pem, "http://127.0.0.1:9/token"))}
    )
    from google.auth.transport.requests import Request

    with pytest.raises(GoogleError) as caught, signing_in():
        login.credentials.refresh(Request())
    assert exit_code(caught.value) == 1 and "network" in str(caught.value)


def test_importing_costs_nothing() -> None:
    modules = (
        "credentials, session, refusals, iam, kms, org_policy, resource_manager, service_usage"
    )
    code = (
        f"import sys; from zenstrap.platforms.gcp.api import {modules}; "
        "from zenstrap.platforms.gcp.storage import lease_store, state_bucket; "
        "print([m for m in ('google.auth', 'google.cloud.storage', 'requests', 'pydantic') "
        "if m in sys.modules])"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
