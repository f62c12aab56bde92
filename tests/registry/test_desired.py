"""What is wanted on Google Cloud, as a pure function of configuration and outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.registry.google import PROVIDER, configured, outputs_of
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RegistryError
from zenstrap.platforms import platform_of
from zenstrap.platforms.gcp.connectors import fingerprint
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.model import DesiredComponent, DesiredConnector, DesiredRegistry


def registry_from(
    config: EnvironmentConfig,
    outputs: dict[str, Any],
    fingerprints: Mapping[str | None, str] | None = None,
) -> DesiredRegistry:
    return desired_registry(config, platform_of(config).registrations(outputs, fingerprints or {}))


def desired(config: EnvironmentConfig, **changes: Any) -> DesiredRegistry:
    return registry_from(config, outputs_of(config, **changes))


def component(registry: DesiredRegistry, name: str) -> DesiredComponent:
    return next(c for c in registry.components if c.name == name)


def connector(registry: DesiredRegistry, name: str) -> DesiredConnector:
    return next(c for c in registry.connectors if c.name == name)


EMAIL = "zenml-prod@acme-ml-prod.iam.gserviceaccount.com"
FRAUD = "zenml-prod-fraud-detection@acme-ml-prod.iam.gserviceaccount.com"


def test_prods_orchestrator_as_vertex_takes_it() -> None:
    found = component(desired(configured("prod")), "zenml-prod-orchestrator-v2.0.0")
    assert found.flavor == "vertex"
    assert found.configuration == {
        "project": "acme-ml-prod",
        "location": "europe-west1",
        "pipeline_root": "gs://acme-ml-prod-zenml-prod/shared/staging/orchestrator",
        "workload_service_account": EMAIL,
        "encryption_spec_key_name": "projects/acme-ml-prod/locations/europe-west1/keyRings/"
        "zenml-prod/cryptoKeys/zenml-prod",
        "custom_job_parameters": {"machine_type": "n1-standard-8"},
    }


def test_an_ml_project_runs_as_its_own_account_on_its_own_path() -> None:
    registry = desired(configured("prod"))
    (stack,) = (s for s in registry.stacks if s.name == "zenml-prod-fraud-detection-v1.1.0")
    store = stack.components["artifact_store"]
    assert store.configuration == {
        "path": "gs://acme-ml-prod-zenml-prod/ml_projects/fraud_detection"
    }
    assert store.resource == "gs://acme-ml-prod-zenml-prod"
    assert stack.components["orchestrator"].configuration["workload_service_account"] == FRAUD
    assert stack.components["step_operator"].configuration["service_account"] == FRAUD
    assert stack.components["deployer"].configuration["service_account"] == FRAUD


def test_each_deployer_names_its_secrets_as_its_own_role_allows() -> None:
    config = configured("prod")
    registry = desired(config)
    told = {
        stack.project: stack.components["deployer"].configuration["secret_name_prefix"]
        for stack in registry.stacks
        if "deployer" in stack.components
    }
    assert told == {
        None: "secrets-of-zenml-prod-",
        "fraud_detection": "secrets-of-zenml-prod-fraud-detection-",
        "recommendation": "secrets-of-zenml-prod-recommendation-",
    }


def test_a_deployer_whose_secrets_have_no_name_is_refused() -> None:
    config = configured("prod")
    outputs = outputs_of(config)
    told = next(one for one in outputs["components"] if one["kind"] == "deployer")
    told["secret_name_prefix"] = None
    with pytest.raises(RegistryError, match="secret_name_prefix"):
        registry_from(config, outputs)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_goes_through_a_connector_goes_through_its_own_projects(environment: str) -> None:
    config = configured(environment)
    for stack in desired(config).stacks:
        linked = [c for c in stack.components.values() if c.connector]
        assert linked
        for one in linked:
            assert one.connector is not None
            assert one.connector.project == stack.project == one.project


def test_what_needs_no_connector_is_shared() -> None:
    config = configured(
        "dev",
        stack__components__orchestrator={"version": "1.0.0", "flavor": "local"},
        stack__components__image_builder={"version": "1.0.0", "flavor": "local"},
        ml_projects__recommendation__components__orchestrator={
            "version": "1.0.0",
            "flavor": "local",
        },
        ml_projects__recommendation__components__image_builder={
            "version": "1.0.0",
            "flavor": "local",
        },
        ml_projects__recommendation__overrides=[],
    )
    (stack,) = (s for s in desired(config).stacks if s.project == "recommendation")
    assert stack.components["orchestrator"].name == "zenml-dev-orchestrator-v1.0.0"
    assert stack.components["image_builder"].name == "zenml-dev-image-builder-v1.0.0"
    assert stack.components["orchestrator"].connector is None


def test_external_account_says_where_the_token_comes_from_and_whom_it_is_for() -> None:
    found = connector(
        desired(configured("prod")), "zenml-prod-fraud-detection-external-account-connector"
    )
    assert found.configuration == {"project_id": "acme-ml-prod"}
    assert found.principal == FRAUD and found.key is None
    assert json.loads(found.credential_configuration or "") == {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{PROVIDER}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/"
        f"serviceAccounts/{FRAUD}:generateAccessToken",
        "credential_source": {
            "file": "/var/run/secrets/tokens/gcp",
            "format": {"type": "text"},
        },
    }


@pytest.mark.parametrize("token", ["aws", "file:/var/token", "url:https://token.example"])
def test_googles_own_library_takes_the_credential_configuration(token: str) -> None:
    from google.auth import aws, identity_pool

    aws_alone = {"aws_account": "123456789012", "oidc_issuer": None}
    identity = aws_alone if token == "aws" else {}
    changes = {f"auth__workload_identity__{key}": value for key, value in identity.items()}
    document = connector(
        desired(configured("prod", auth__subject_token=token, **changes)),
        "zenml-prod-external-account-connector",
    ).credential_configuration
    library = aws.Credentials if token == "aws" else identity_pool.Credentials
    credentials = library.from_info(json.loads(document or ""))
    assert credentials.service_account_email == EMAIL
    assert json.loads(document or "").items() <= credentials.info.items()


def test_impersonation_starts_from_a_key_and_acts_as_the_projects_account() -> None:
    config = configured("dev", auth={"method": "impersonation", "key": "env:KEY"}, throwaway=True)
    fingerprints = {project: "f" for project in config.targets}
    registry = registry_from(config, outputs_of(config), fingerprints)
    found = connector(registry, "zenml-dev-fraud-detection-impersonation-connector")
    assert found.configuration["target_principal"] == found.principal
    assert found.principal == "zenml-dev-fraud-detection@acme-ml-dev.iam.gserviceaccount.com"
    assert found.key == "f"


def test_skypilot_gets_the_key_itself() -> None:
    config = configured(
        "dev", stack__components__orchestrator={"version": "1.0.0", "flavor": "vm_gcp"}
    )
    registry = desired(config)
    hands_out = {
        c.project: c.configuration.get("generate_temporary_tokens") for c in registry.connectors
    }
    assert hands_out == {None: False, "fraud_detection": None, "recommendation": None}


def test_another_key_changes_the_connector_and_what_must_be_tested_and_no_component() -> None:
    config = configured("dev", ml_projects={})
    (before,), (after,) = (
        desired(config, service_account_key_ids={"base": key}).stacks for key in ("a", "b")
    )
    assert before.content_hash != after.content_hash
    for kind, one in before.components.items():
        assert one.content_hash == after.components[kind].content_hash


def test_a_key_is_known_by_the_end_of_its_name() -> None:
    assert fingerprint("projects/p/serviceAccounts/a@b/keys/1") == fingerprint("1")
    assert fingerprint("1") != fingerprint("2")
    assert fingerprint(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_a_plan_that_knows_no_output_yet_still_shows_every_registration(environment: str) -> None:
    config = configured(environment)
    known = desired(config)
    unknown = registry_from(config, dict.fromkeys(outputs_of(config), UNKNOWN))
    assert [s.name for s in unknown.stacks] == [s.name for s in known.stacks]
    assert [c.name for c in unknown.components] == [c.name for c in known.components]
    assert [c.name for c in unknown.connectors] == [c.name for c in known.connectors]
    assert {s.content_hash for s in unknown.stacks} == {UNKNOWN}


@pytest.mark.parametrize("missing", ["service_account", "artifact_store", "project"])
def test_an_output_that_is_missing_is_named(missing: str) -> None:
    config = configured("prod")
    outputs = outputs_of(config)
    del outputs[missing]
    with pytest.raises(RegistryError, match=missing):
        registry_from(config, outputs)


@pytest.mark.parametrize("missing", ["container_registry", "workload_identity", "ml_projects"])
def test_an_output_that_is_null_and_needed_is_named(missing: str) -> None:
    config = configured("prod")
    with pytest.raises(RegistryError, match=missing):
        desired(config, **{missing: {} if missing == "ml_projects" else None})
