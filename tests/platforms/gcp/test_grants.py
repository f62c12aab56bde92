"""Who may be let in, and with which role: what the modules do passes, everything else doesn't."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.platforms.gcp.plans import CONFIGS, broken
from zenstrap.config import EnvironmentConfig
from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp import grants

ACCOUNT = "serviceAccount:zenml-dev@acme-ml-dev.iam.gserviceaccount.com"
POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/zenml-dev"
OBJECTS = "projects/_/buckets/b/objects"
STARTS = f'resource.name.startsWith("{OBJECTS}/shared/")'
LISTS = (
    'api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("ml_projects/fr/")'
)


def grant(role: str, member: str = ACCOUNT, condition: str | None = None) -> dict[str, Any]:
    conditions = [] if condition is None else [{"title": "t", "expression": condition}]
    return {"role": role, "member": member, "condition": conditions}


def project(role: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "google_project_iam_member", grant(role, **more)


def bucket(role: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "google_storage_bucket_iam_member", grant(role, **more)


def account(role: str, member: str) -> tuple[str, dict[str, Any]]:
    return "google_service_account_iam_member", grant(role, member)


@pytest.mark.parametrize(
    ("type", "values"),
    [
        project("roles/aiplatform.user"),
        project("projects/acme-ml-dev/roles/zenml_dev_skypilot"),
        project("projects/acme-ml-dev/roles/zenml_dev_secret_creator"),
        project("projects/acme-ml-dev/roles/zenml_dev_secret_user", condition="resource.name"),
        bucket("roles/storage.bucketViewer"),
        bucket("roles/storage.objectViewer", condition=STARTS),
        bucket(
            "roles/storage.objectUser",
            condition=f'resource.name == "{OBJECTS}/shared" || {STARTS} || {LISTS}',
        ),
        account("roles/iam.serviceAccountUser", ACCOUNT),
        account("roles/iam.workloadIdentityUser", f"principal://{POOL}/subject/repo:a/b"),
        account("roles/iam.workloadIdentityUser", f"principalSet://{POOL}/attribute.aws_role/r"),
        ("google_project_iam_custom_role", {"permissions": ["compute.instances.get"]}),
    ],
)
def test_what_the_modules_grant(type: str, values: dict[str, Any]) -> None:
    for config in CONFIGS.values():
        assert broken(type, values, config) == []


@pytest.mark.parametrize(
    ("type", "values"),
    [
        project("roles/owner"),
        project("roles/editor", condition="true"),
        project("roles/resourcemanager.projectIamAdmin"),
        project("roles/storage.objectAdmin"),
        project("roles/storage.objectUser", condition=STARTS),
        project("roles/iam.serviceAccountUser"),
        project("roles/run.admin"),
        project("roles/newly.invented"),
        project("(known after apply)"),
        project("projects/acme-ml-dev/roles/somebodys"),
        project("organizations/1/roles/zenml_dev_skypilot"),
        project("projects/acme-ml-dev/roles/zenml_dev_secret_user"),
        bucket("roles/storage.objectAdmin"),
        bucket("roles/storage.admin", condition=STARTS),
        bucket("roles/storage.legacyBucketReader"),
        bucket("roles/storage.objectUser"),
        bucket("roles/storage.objectUser", condition="true"),
        bucket("roles/storage.objectUser", condition=f"{STARTS} || true"),
        bucket("roles/storage.objectUser", condition=f'resource.name.startsWith("{OBJECTS}/")'),
        bucket(
            "roles/storage.objectUser", condition=f'resource.name.startsWith("{OBJECTS}/shared")'
        ),
        (
            "google_storage_bucket_iam_member",
            grant("roles/storage.objectUser") | {"condition": [{}]},
        ),
        (
            "google_project_iam_custom_role",
            {"permissions": ["resourcemanager.projects.setIamPolicy"]},
        ),
        ("google_project_iam_custom_role", {"permissions": ["(known after apply)"]}),
        ("google_project_iam_custom_role", {"permissions": "(known after apply)"}),
    ],
)
def test_broad_roles(type: str, values: dict[str, Any]) -> None:
    for config in CONFIGS.values():
        assert broken(type, values, config) == ["no_broad_roles"]


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("google_project_iam_binding", {"role": "roles/owner", "members": [ACCOUNT]}),
        ("google_project_iam_policy", {"policy_data": "{}"}),
        ("google_folder_iam_member", grant("roles/aiplatform.user")),
        ("google_organization_iam_member", grant("roles/aiplatform.user")),
        ("google_secret_manager_secret_iam_member", grant("roles/secretmanager.admin")),
        ("google_storage_managed_folder_iam_member", grant("roles/storage.objectUser")),
        ("google_storage_bucket_acl", {"role_entity": ["OWNER:user-eve@example.com"]}),
        ("google_artifact_registry_repository_iam_member", grant("roles/artifactregistry.admin")),
        ("google_kms_crypto_key_iam_member", grant("roles/cloudkms.admin")),
        account("roles/iam.serviceAccountKeyAdmin", ACCOUNT),
        account("roles/iam.serviceAccountTokenCreator", "user:eve@example.com"),
        account("roles/iam.workloadIdentityUser", f"principalSet://{POOL}/*"),
        project("roles/aiplatform.user", member="domain:example.com"),
        project("roles/aiplatform.user", member="(known after apply)"),
    ],
)
def test_grants_of_another_kind(type: str, values: dict[str, Any]) -> None:
    for config in CONFIGS.values():
        assert broken(type, values, config) == ["no_other_grants"]


@pytest.mark.parametrize(
    ("type", "values"),
    [
        bucket("roles/storage.bucketViewer", member="allUsers"),
        project("roles/aiplatform.user", member="allAuthenticatedUsers"),
        (
            "google_storage_bucket_iam_binding",
            {"role": "roles/storage.objectViewer", "members": [ACCOUNT, "allUsers"]},
        ),
        (
            "google_storage_bucket_iam_policy",
            {"policy_data": '{"bindings": [{"members": ["allUsers"], "role": "r"}]}'},
        ),
        ("google_cloud_run_v2_service_iam_member", grant("roles/run.invoker", "allUsers")),
        ("google_storage_bucket_access_control", {"entity": "allUsers", "role": "READER"}),
        ("google_storage_bucket_acl", {"role_entity": ["READER:allAuthenticatedUsers"]}),
        ("google_storage_bucket_acl", {"predefined_acl": "publicRead"}),
        ("google_bigquery_dataset_access", {"special_group": "allAuthenticatedUsers"}),
    ],
)
def test_everybody(type: str, values: dict[str, Any]) -> None:
    for config in CONFIGS.values():
        assert broken(type, values, config) == ["no_public_access", "no_other_grants"]


def test_who_may_be_called_by_everybody_is_decided_in_the_configuration() -> None:
    type, values = project(grants.PUBLISHING_ROLE)
    dev = CONFIGS["dev"].model_dump(mode="json", exclude_unset=True)
    deployer = {"version": "1.0.0", "flavor": "gcp", "allow_unauthenticated": True}
    dev["stack"]["components"]["deployer"] = deployer
    assert broken(type, values, EnvironmentConfig.model_validate(dev)) == []
    dev["stack"]["components"]["deployer"] = {**deployer, "allow_unauthenticated": False}
    assert broken(type, values, EnvironmentConfig.model_validate(dev)) == ["no_broad_roles"]


def test_the_lists_are_what_the_modules_use_no_less_and_no_more() -> None:
    code = "".join(
        re.sub(r"(?m)#.*$", "", file.read_text())
        for file in modules_folder().rglob("*.tf")
        if file.name != "variables.tf"  # which name what is refused
    )
    allowed = {
        grants.PUBLISHING_ROLE,
        *grants.PROJECT_ROLES,
        *grants.WHOLE_BUCKET_ROLES,
        *grants.PATH_ROLES,
        *(role for roles in grants.ROLES_ON_ONE.values() for role in roles),
    }
    assert set(re.findall(r'"(roles/[^"]+)"', code)) == allowed
    lists = re.findall(r"permissions\s*=\s*\[([^\]]*)\]", code)
    assert {one for text in lists for one in re.findall(r'"([^"]+)"', text)} == set(
        grants.CUSTOM_PERMISSIONS
    )
    assert set(re.findall(r'"(google_\w+_iam_(?:member|binding|policy))"', code)) == {
        grants.BUCKET_GRANT,
        grants.PROJECT_GRANT,
        *grants.ROLES_ON_ONE,
    }
