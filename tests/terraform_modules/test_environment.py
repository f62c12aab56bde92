"""The root module for Google Cloud: what it outputs, and when, for each kind of environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from zenstrap.config import load_environment
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.platforms.gcp.needs import needed_permissions
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.plan import parse_plan

from .conftest import ENVIRONMENTS, MakeModule

# What the registrations are made from.
STACK = {
    "artifact_store": {"bucket", "location", "uri"},
    "container_registry": {"location", "repository_id", "uri"},
    "service_account": {"email"},
}
COMPONENT = {  # every attribute, whatever the flavor
    "flavor",
    "kind",
    "kms_key",
    "location",
    "name",
    "network",
    "secret_name_prefix",
    "service_account",
    "staging_uri",
}
ROOT = STACK | {
    "encryption": {"kms_keys"},
    "project": {"id", "number", "region"},
    "retention": {"artifact_days", "stack_versions", "ttl"},
    "workload_identity": {"audience", "provider"},
}
OTHERS = {"components", "labels", "ml_projects", "service_account_key_ids", "service_account_keys"}
WITH_KEYS = {"service_account_key_ids", "service_account_keys"}

Planned = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def planned(module: MakeModule) -> Planned:
    """The plan of an environment's variables, made once."""
    plans: dict[str, dict[str, Any]] = {}

    def plan(name: str) -> dict[str, Any]:
        if name not in plans:
            file = ENVIRONMENTS / f"{name}.tfvars.json"
            plans[name] = module("environments/gcp").plan(f"-var-file={file}")
        return plans[name]

    return plan


def variables(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ENVIRONMENTS / f"{name}.tfvars.json").read_text())
    return read


EACH = pytest.mark.parametrize("name", ["dev", "staging", "prod"])


@EACH
def test_outputs_have_their_shape(name: str, planned: Planned) -> None:
    outputs = {
        output: change["after"] for output, change in planned(name)["output_changes"].items()
    }
    assert outputs.keys() | WITH_KEYS == ROOT.keys() | OTHERS
    given = variables(name)
    switched_off = frozenset({"encryption", "workload_identity"} if name == "dev" else ())
    assert _shape(outputs) == _expected(ROOT, given["components"], switched_off)
    _require_told(outputs["components"], given["components"])
    assert outputs["ml_projects"].keys() == given["ml_projects"].keys()
    for project, stack in outputs["ml_projects"].items():
        components = given["ml_projects"][project]["components"]
        assert stack.keys() == STACK.keys() | {"components"}
        assert _shape(stack) == _expected(STACK, components)
        _require_told(stack["components"], components)


@EACH
def test_all_but_keys_is_known_while_planning(name: str, planned: Planned) -> None:
    changes = planned(name)["output_changes"]
    unknown = {output for output, change in changes.items() if _any(change["after_unknown"])}
    assert unknown == (WITH_KEYS if name == "dev" else set())


@EACH
def test_the_keys_are_sensitive_and_nothing_else(name: str, planned: Planned) -> None:
    changes = planned(name)["output_changes"]
    hidden = {output for output, change in changes.items() if _any(change["after_sensitive"])}
    assert hidden == {"service_account_keys"}


def test_staging_encrypts_where_the_user_has_a_key(planned: Planned) -> None:
    outputs = planned("staging")["planned_values"]["outputs"]
    own = variables("staging")["kms_keys"]
    assert outputs["encryption"]["value"] == {"kms_keys": own}
    keys = {one["kind"]: one["kms_key"] for one in outputs["components"]["value"]}
    assert keys["orchestrator"] == own["europe-west1"]
    assert keys["experiment_tracker"] is None


def test_nobody_gets_in_but_the_stacks_and_googles_own(planned: Planned) -> None:
    # Composer's bucket and the user's keys are not ours, and neither are Google's service agents.
    for name in ("dev", "staging", "prod"):
        given, changes = variables(name), planned(name)["resource_changes"]
        number = planned(name)["planned_values"]["outputs"]["project"]["value"]["number"]
        ids = {given["names"]["service_account_id"]}
        ids |= {project["service_account_id"] for project in given["ml_projects"].values()}
        ours = {
            f"serviceAccount:{one}@{given['project_id']}.iam.gserviceaccount.com" for one in ids
        }
        builder = f"serviceAccount:{number}-compute@developer.gserviceaccount.com"
        for change in changes:
            member = (change["change"]["after"] or {}).get("member")
            if member is None or change["type"] == "google_kms_crypto_key_iam_member":
                continue
            if member not in ours | {builder}:
                assert "module.workload_identity" in change["address"], change["address"]
                assert member.startswith(("principal://", "principalSet://"))


def test_the_rules_would_notice(planned: Planned) -> None:
    # dev's plan under prod's rules: what strict compliance switches on is missing there.
    plan = parse_plan(json.dumps(planned("dev")), PROVIDER)
    rules = resource_rules(load_environment("prod"))
    assert {breach.rule for breach in rules.breaches(plan)} == {
        "customer_managed_keys",
        "immutable_tags",
        "no_force_destroy",
        "no_service_account_keys",
    }


@EACH
def test_what_is_granted_breaks_no_rule(name: str, planned: Planned) -> None:
    # The plan says all that the rules ask for: conditions too are known before anything is made.
    plan = parse_plan(json.dumps(planned(name)), PROVIDER)
    assert resource_rules(load_environment(name)).breaches(plan) == ()
    assert sum(one.type.endswith("_iam_member") for one in plan.settings) > 20


# What Google asks of whoever makes one. https://cloud.google.com/iam/docs/permissions-reference
TO_MAKE = {
    "google_artifact_registry_repository": {"artifactregistry.repositories.create"},
    "google_artifact_registry_repository_iam_member": {
        "artifactregistry.repositories.getIamPolicy",
        "artifactregistry.repositories.setIamPolicy",
    },
    "google_iam_workload_identity_pool": {"iam.workloadIdentityPools.create"},
    "google_iam_workload_identity_pool_provider": {"iam.workloadIdentityPoolProviders.create"},
    "google_kms_crypto_key": {"cloudkms.cryptoKeys.create"},
    "google_kms_crypto_key_iam_member": {
        "cloudkms.cryptoKeys.getIamPolicy",
        "cloudkms.cryptoKeys.setIamPolicy",
    },
    "google_kms_key_ring": {"cloudkms.keyRings.create"},
    "google_project_iam_custom_role": {"iam.roles.create"},
    "google_project_iam_member": {
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    },
    "google_project_service": {"serviceusage.services.enable"},
    "google_service_account": {"iam.serviceAccounts.create"},
    "google_service_account_iam_member": {
        "iam.serviceAccounts.getIamPolicy",
        "iam.serviceAccounts.setIamPolicy",
    },
    "google_service_account_key": {"iam.serviceAccountKeys.create"},
    "google_storage_bucket": {"storage.buckets.create"},
    "google_storage_bucket_iam_member": {
        "storage.buckets.getIamPolicy",
        "storage.buckets.setIamPolicy",
    },
}
TO_LOOK = {
    "resourcemanager.projects.get",
    "serviceusage.services.list",
    "storage.buckets.get",
}


@pytest.mark.parametrize("name", ["dev", "prod"])  # whose variables are those of the shipped ones
def test_whoever_runs_terraform_is_asked_for_what_its_plan_takes(
    name: str, planned: Planned
) -> None:
    changes = planned(name)["resource_changes"]
    types = {one["type"] for one in changes if one["mode"] == "managed"}
    wanted = {
        permission for type in types if type.startswith("google_") for permission in TO_MAKE[type]
    }
    assert needed_permissions(load_environment(name)) == wanted | TO_LOOK


def _shape(outputs: dict[str, Any]) -> dict[str, set[str] | None]:
    return {
        output: None if value is None else set(value)
        for output, value in outputs.items()
        if output not in OTHERS
    }


def _expected(
    shape: dict[str, set[str]],
    components: list[dict[str, Any]],
    switched_off: frozenset[str] = frozenset(),
) -> dict[str, set[str] | None]:
    absent = ({"container_registry"} - {one["kind"] for one in components}) | switched_off
    return {output: None if output in absent else keys for output, keys in shape.items()}


def _require_told(told: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
    apart = {"artifact_store", "container_registry"}
    named = {(one.get("name", one["kind"]), one["kind"], one["flavor"]) for one in given}
    assert {(one["name"], one["kind"], one["flavor"]) for one in told} == {
        one for one in named if one[1] not in apart
    }
    assert all(one.keys() == COMPONENT for one in told)


def _any(mask: Any) -> bool:
    if isinstance(mask, dict):
        return any(_any(one) for one in mask.values())
    if isinstance(mask, list):
        return any(_any(one) for one in mask)
    return mask is True
