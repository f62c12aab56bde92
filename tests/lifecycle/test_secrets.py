"""What a configuration refers to is there, before anything is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.registry.google import PRIVATE, FakeKey, configured
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import AuthenticationError, UsageError
from zenstrap.lifecycle.checking import diagnose
from zenstrap.lifecycle.secrets import secrets
from zenstrap.platforms import platform_of

if TYPE_CHECKING:
    from zenml.client import Client

TRACKER = {
    "version": "1.0.0",
    "flavor": "mlflow",
    "tracking_uri": "https://mlflow.acme.example",
    "tracking_token": "zenml:mlflow.token",
}
VARIABLE = "ACME_KEY"
BY_KEY = {"method": "service-account", "key": f"env:{VARIABLE}"}


def with_tracker(**changes: Any) -> EnvironmentConfig:
    return configured("dev", stack__components__experiment_tracker=TRACKER, **changes)


def test_a_reference_leads_somewhere(client: Client) -> None:
    config = with_tracker()
    with pytest.raises(UsageError, match="has no mlflow") as caught:
        secrets(platform_of(config), client)
    assert caught.value.where == "stack.components.experiment_tracker.tracking_token"
    check = next(one for one in diagnose(platform_of(config), client) if one.name == "secrets")
    assert not check.passed

    client.create_secret("mlflow", {"password": "p"})
    with pytest.raises(UsageError, match=r"no mlflow\.token"):
        secrets(platform_of(config), client)
    client.update_secret("mlflow", add_or_update_values={"token": "t"})
    assert secrets(platform_of(config), client) == "zenml:mlflow.token"


def test_nothing_referred_to_is_no_check(client: Client) -> None:
    assert "secrets" not in [one.name for one in diagnose(platform_of(configured("dev")), client)]


def test_a_key_whose_private_part_is_damaged(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured("dev", auth=BY_KEY)
    damaged = FakeKey("one")
    monkeypatch.setenv(VARIABLE, damaged.document)
    with pytest.raises(AuthenticationError, match="private key") as caught:
        secrets(platform_of(config), client)
    assert damaged.secret not in str(caught.value)
    assert caught.value.__context__ is None

    private = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    whole = damaged.document.replace(
        json.dumps(PRIVATE.format(id="one"))[1:-1], json.dumps(private.decode())[1:-1]
    )
    monkeypatch.setenv(VARIABLE, whole)
    assert secrets(platform_of(config), client) == f"env:{VARIABLE}"
