"""Each rule on resources: what keeps it, what breaks it, and where it holds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.gcp.plans import CONFIGS, broken, plan_of
from zenstrap.errors import RefusedError
from zenstrap.platforms import platform_of
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.policy.approval import approve
from zenstrap.reports import PlanReport
from zenstrap.request import Request
from zenstrap.running import Run

KEY = "projects/p/locations/europe/keyRings/r/cryptoKeys/k"
BUCKET = {
    "encryption": [{"default_kms_key_name": KEY}],
    "force_destroy": False,
    "public_access_prevention": "enforced",
    "uniform_bucket_level_access": True,
}
REPOSITORY = {"docker_config": [{"immutable_tags": True}], "kms_key_name": KEY}
BREACHES = [
    ("uniform_access", "google_storage_bucket", {**BUCKET, "uniform_bucket_level_access": False}),
    ("uniform_access", "google_storage_bucket", {**BUCKET, "uniform_bucket_level_access": None}),
    (
        "public_access_prevention",
        "google_storage_bucket",
        {**BUCKET, "public_access_prevention": "inherited"},
    ),
    ("customer_managed_keys", "google_storage_bucket", {**BUCKET, "encryption": []}),
    ("customer_managed_keys", "google_storage_bucket", {**BUCKET, "encryption": None}),
    (
        "customer_managed_keys",
        "google_artifact_registry_repository",
        {**REPOSITORY, "kms_key_name": None},
    ),
    ("immutable_tags", "google_artifact_registry_repository", {**REPOSITORY, "docker_config": []}),
    (
        "immutable_tags",
        "google_artifact_registry_repository",
        {**REPOSITORY, "docker_config": [{"immutable_tags": False}]},
    ),
    ("no_service_account_keys", "google_service_account_key", {}),
    ("no_service_account_keys", "google_storage_hmac_key", {}),
]


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("google_storage_bucket", BUCKET),
        ("google_artifact_registry_repository", REPOSITORY),
        ("google_service_account", {}),
    ],
)
def test_what_the_modules_make_breaks_nothing(type: str, values: dict[str, Any]) -> None:
    assert broken(type, values, CONFIGS["prod"]) == []


@pytest.mark.parametrize(("rule", "type", "values"), BREACHES)
def test_strict_mode(rule: str, type: str, values: dict[str, Any]) -> None:
    assert broken(type, values, CONFIGS["prod"]) == [rule]
    assert broken(type, values, CONFIGS["staging"]) == []


def test_force_destroy_is_for_throw_away_environments() -> None:
    forced = {**BUCKET, "force_destroy": True}
    assert broken("google_storage_bucket", forced, CONFIGS["dev"]) == []
    assert broken("google_storage_bucket", forced, CONFIGS["staging"]) == ["no_force_destroy"]


def test_a_breach_is_refused_even_where_nothing_would_change_and_whoever_agrees() -> None:
    report = PlanReport(
        environment="prod",
        direction="up",
        infrastructure=plan_of("google_service_account_key", {}),
        registrations=(),
        digest="digest",
    )
    with pytest.raises(RefusedError, match="no_service_account_keys"):
        approve(
            report,
            CONFIGS["prod"],
            resource_rules(CONFIGS["prod"]),
            Run(platform_of(CONFIGS["prod"]), "up", request=Request(approved=True)),
        )
