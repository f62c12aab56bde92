from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.platforms.gcp.api.stub import Stub, stub_server
from zenstrap.platforms.gcp.api.credentials import load_login
from zenstrap.platforms.gcp.api.session import GoogleSession


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub


@pytest.fixture
def pauses() -> list[float]:
    """How long the session waited, each time."""
    return []


@pytest.fixture
def session(stub: Stub, pauses: list[float]) -> GoogleSession:
    endpoints = {
        "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
        "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
        "GOOGLE_ORG_POLICY_CUSTOM_ENDPOINT": f"{stub.url}/v2/",
        "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
        "GOOGLE_KMS_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
        "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT": f"{stub.url}/v1/",
        "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{stub.url}/storage/v1/",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token",
    }
    login = load_login(environ=endpoints)
    return GoogleSession(login, project="acme-ml-dev", environ=endpoints, pause=pauses.append)
