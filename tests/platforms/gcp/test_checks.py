"""What ``doctor`` and preflight ask Google, against replies of Google's own form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.gcp.api.stub import LOST, Reply, Request, Stub, refusal, stub_server
from tests.platforms.gcp.storage.buckets import Buckets, bucket
from tests.registry.google import configured
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.errors import AuthenticationError, ZenstrapError, exit_code
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.base import GoogleFlavor
from zenstrap.paths import modules_folder
from zenstrap.platforms.base import Unknown
from zenstrap.platforms.gcp import needs
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.checks import google_checks
from zenstrap.platforms.gcp.storage.state_bucket import ensure

NUMBER = 111111111111
PROJECT = "/v1/projects/acme-ml-dev"
STATE, ARTIFACTS = "acme-ml-dev-tfstate", "acme-ml-dev-zenml-dev"
PERMISSIONS = f"POST {PROJECT}:testIamPermissions"
POLICY = "/v2/projects/acme-ml-dev/policies/{}:getEffectivePolicy"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as stub:
        yield stub


@pytest.fixture
def buckets(stub: Stub) -> Buckets:
    """A project in which all is well, nothing made yet, and the buckets in it."""
    buckets = Buckets()
    stub.otherwise = lambda request: (
        buckets(request) if "/storage/" in request.path else refusal(404, "Not found")
    )
    services = [{"name": f"projects/{NUMBER}/services/{api}"} for api in sorted(needs.ALWAYS)]
    stub.on(
        f"GET {PROJECT}",
        Reply(200, {"projectNumber": str(NUMBER), "lifecycleState": "ACTIVE"}),
    )
    stub.on(f"GET {PROJECT}/services", Reply(200, {"services": services}))
    stub.on(PERMISSIONS, lambda request: Reply(200, {"permissions": request.json["permissions"]}))
    for constraint in (
        "iam.disableServiceAccountKeyCreation",
        "iam.managed.disableServiceAccountKeyCreation",
    ):
        stub.on(f"GET {POLICY.format(constraint)}", Reply(200, {"spec": {"rules": []}}))
    stub.on(f"GET /storage/v1/b/{STATE}/iam/testPermissions", granted)
    return buckets


def granted(request: Request) -> Reply:
    return Reply(200, {"permissions": ALL_ON_STATE})


ALL_ON_STATE = [
    "storage.buckets.get",
    "storage.buckets.update",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
]


@pytest.fixture
def dev() -> EnvironmentConfig:
    return load_environment("dev")


@pytest.fixture
def access(
    dev: EnvironmentConfig, stub: Stub, buckets: Buckets, monkeypatch: pytest.MonkeyPatch
) -> GoogleAccess:
    for service, version in (
        ("ARTIFACT_REGISTRY", "v1"),
        ("IAM_BETA", "v1"),
        ("KMS", "v1"),
        ("ORG_POLICY", "v2"),
        ("RESOURCE_MANAGER", "v1"),
        ("SERVICE_USAGE", "v1"),
        ("STORAGE", "storage/v1"),
    ):
        monkeypatch.setenv(f"GOOGLE_{service}_CUSTOM_ENDPOINT", f"{stub.url}/{version}/")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.token")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    made = GoogleAccess(dev)
    made.rest._pause = lambda seconds: None
    return made


def results(config: EnvironmentConfig, access: GoogleAccess) -> dict[str, str | ZenstrapError]:
    """What each check told, or why it failed."""
    found: dict[str, str | ZenstrapError] = {}
    for check in google_checks(config, access):
        try:
            found[check.name] = check.look()
        except ZenstrapError as error:
            assert error.what and error.fix and "\n" not in str(error), error
            found[check.name] = error
    return found


def failed(found: dict[str, Any]) -> dict[str, ZenstrapError]:
    return {name: one for name, one in found.items() if isinstance(one, ZenstrapError)}


def test_in_a_new_project_all_is_well_and_nothing_is_asked_twice(
    dev: EnvironmentConfig, access: GoogleAccess, stub: Stub, buckets: Buckets
) -> None:
    found = results(dev, access)
    assert failed(found) == {}
    assert "up creates it" in str(found["state_bucket"])
    assert "aiplatform" in str(found["google_apis"])
    assert "ya29" not in str(found)
    assert buckets.writes == []
    assert len(stub.lines) == len(set(stub.lines)) <= 8


def test_what_is_there_and_ours_is_well_too(
    dev: EnvironmentConfig, access: GoogleAccess, buckets: Buckets
) -> None:
    from zenstrap.platforms.gcp.storage.state_bucket import WantedBucket

    ensure(access.storage, WantedBucket(STATE, "acme-ml-dev", NUMBER, "europe-west1", "zenstrap"))
    ours = {"managed_by": "zenstrap", "environment": "dev"}
    buckets.held[ARTIFACTS] = bucket(ARTIFACTS, NUMBER, labels=ours)
    assert failed(results(dev, access)) == {}


DISABLED = refusal(
    403,
    "Service Usage API has not been used in project 111111111111 before or it is disabled. Enable "
    "it by visiting https://console.developers.google.com/apis/api/serviceusage.googleapis.com/"
    "overview?project=111111111111 then retry.",
    code="PERMISSION_DENIED",
    reason="SERVICE_DISABLED",
    service="serviceusage.googleapis.com",
    consumer="projects/111111111111",
)


def break_apis(stub: Stub, buckets: Buckets) -> None:
    stub.on(f"GET {PROJECT}/services", DISABLED)


def break_first_apis(stub: Stub, buckets: Buckets) -> None:
    stub.on(f"GET {PROJECT}/services", Reply(200, {}))


def break_permissions(stub: Stub, buckets: Buckets) -> None:
    stub.on(PERMISSIONS, Reply(200, {"permissions": ["storage.buckets.get"]}))


def break_state_permissions(stub: Stub, buckets: Buckets) -> None:
    buckets.held[STATE] = bucket(STATE, NUMBER)
    path = f"GET /storage/v1/b/{STATE}/iam/testPermissions"
    stub.on(path, Reply(200, {"permissions": ["storage.buckets.get"]}))


def break_state_bucket(stub: Stub, buckets: Buckets) -> None:
    buckets.hidden.add(STATE)


def break_artifact_bucket(stub: Stub, buckets: Buckets) -> None:
    buckets.hidden.add(ARTIFACTS)


def other_environments_bucket(stub: Stub, buckets: Buckets) -> None:
    labels = {"managed_by": "zenstrap", "environment": "staging"}
    buckets.held[ARTIFACTS] = bucket(ARTIFACTS, NUMBER, labels=labels)


def other_projects_bucket(stub: Stub, buckets: Buckets) -> None:
    labels = {"managed_by": "zenstrap", "environment": "dev"}
    buckets.held[ARTIFACTS] = bucket(ARTIFACTS, 5, labels=labels)


def forbid_keys(stub: Stub, buckets: Buckets) -> None:
    constraint = "iam.managed.disableServiceAccountKeyCreation"
    enforced = Reply(200, {"spec": {"rules": [{"enforce": True}]}})
    stub.on(f"GET {POLICY.format(constraint)}", enforced)


@pytest.mark.parametrize(
    ("wreck", "check", "told"),
    [
        (break_apis, "google_apis", "gcloud services enable serviceusage.googleapis.com"),
        (break_first_apis, "google_apis", "cloudresourcemanager.googleapis.com serviceusage"),
        (break_permissions, "google_permissions", "--role=roles/resourcemanager.projectIamAdmin"),
        (break_state_permissions, "state_bucket", "gcloud storage buckets add-iam-policy-binding"),
        (break_state_bucket, "state_bucket", "state.bucket"),
        (break_artifact_bucket, "artifact_bucket", "stack.components.artifact_store.bucket"),
        (other_environments_bucket, "artifact_bucket", "environment staging"),
        (other_projects_bucket, "artifact_bucket", "number 5"),
        (forbid_keys, "service_account_keys", "external-account"),
    ],
)
def test_one_thing_wrong_is_one_failed_check_with_what_mends_it(
    wreck: Callable[[Stub, Buckets], None],
    check: str,
    told: str,
    dev: EnvironmentConfig,
    access: GoogleAccess,
    stub: Stub,
    buckets: Buckets,
) -> None:
    wreck(stub, buckets)
    found = failed(results(dev, access))
    assert found.keys() == {check}
    assert told in str(found[check]) and exit_code(found[check]) == 1


def test_an_expired_login_fails_whatever_needs_it_with_exit_code_3(
    dev: EnvironmentConfig, access: GoogleAccess, stub: Stub
) -> None:
    stub.on(f"GET {PROJECT}", refusal(401, "Invalid Credentials", code="UNAUTHENTICATED"))
    assert isinstance(results(dev, access)["google_project"], AuthenticationError)


def test_nobody_logged_in_is_the_first_thing_told(
    dev: EnvironmentConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    login = google_checks(dev, GoogleAccess(dev))[0]
    with pytest.raises(AuthenticationError, match="gcloud auth application-default login"):
        login.look()
    assert login.name == "google_login"


@pytest.mark.parametrize(
    ("reply", "fails"),
    [
        (Reply(200, {"locationId": "europe-west99"}), False),
        (
            refusal(403, "Permission denied on 'locations/europe-west99' (or it may not exist)."),
            True,
        ),
        (DISABLED, False),
        (LOST, True),
    ],
)
def test_a_region_is_unknown_only_if_google_says_so(
    reply: Reply, fails: bool, dev: EnvironmentConfig, access: GoogleAccess, stub: Stub
) -> None:
    assert dev.gcp
    moved = dev.model_copy(update={"gcp": dev.gcp.model_copy(update={"region": "europe-west99"})})
    stub.on(f"GET {PROJECT}/locations/europe-west99", reply)
    found = results(moved, access)["google_regions"]
    assert isinstance(found, ZenstrapError) == fails
    assert isinstance(found, Unknown) == (reply is DISABLED)
    if fails and reply is not LOST:
        assert isinstance(found, ZenstrapError) and "Write europe-west" in (found.fix or "")


def test_the_key_that_names_no_region_is_blamed_and_cloud_builds_global_is_fine(
    access: GoogleAccess, stub: Stub
) -> None:
    builder = {"version": "9.0.0", "flavor": "gcp", "location": "global"}
    found = results(configured("dev", stack__components__image_builder=builder), access)
    assert isinstance(found["google_regions"], str) and "global" not in found["google_regions"]
    stub.on(f"GET {PROJECT}/locations/europe-west99", refusal(404, "Not found"))
    builder["location"] = "europe-west99"
    error = results(configured("dev", stack__components__image_builder=builder), access)[
        "google_regions"
    ]
    assert isinstance(error, ZenstrapError)
    assert error.where == "stack.components.image_builder.location"


KEY = "projects/acme-keys/locations/europe-west1/keyRings/ml/cryptoKeys/ml"
ENABLED = {"purpose": "ENCRYPT_DECRYPT", "primary": {"state": "ENABLED"}}


@pytest.mark.parametrize(
    ("reply", "passes"),
    [
        (Reply(200, ENABLED), True),
        (Reply(200, {**ENABLED, "primary": {"state": "DESTROYED"}}), False),
        (Reply(200, {**ENABLED, "purpose": "ASYMMETRIC_SIGN"}), False),
        (refusal(404, "CryptoKey not found."), False),
        (DISABLED, True),
    ],
)
def test_an_encryption_key_is_there_and_can_encrypt(
    reply: Reply, passes: bool, access: GoogleAccess, stub: Stub
) -> None:
    config = configured("dev", gcp__kms_keys=[KEY])
    stub.on(f"GET /v1/{KEY}", reply)
    found = results(config, access)["encryption_keys"]
    assert isinstance(found, ZenstrapError) is not passes, found
    assert isinstance(found, Unknown) == (reply is DISABLED)
    if isinstance(found, ZenstrapError):
        assert KEY in (found.where or "")


def test_implicit_is_nothing_without_an_identity_of_the_machine(
    access: GoogleAccess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever Terraform is logged in with: here an access token."""
    config = configured("dev", auth={"method": "implicit"})
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # this machine may be one of Google's
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    assert not isinstance(results(config, access)["google_login"], ZenstrapError)
    found = results(config, access)["connector_login"]
    assert isinstance(found, AuthenticationError) and found.command
    (tmp_path / "application_default_credentials.json").write_text(
        json.dumps(
            {
                "type": "authorized_user",
                "client_id": "c",
                "client_secret": "s",
                "refresh_token": "r",
            }
        )
    )
    assert not isinstance(results(config, access)["connector_login"], ZenstrapError)


def test_policies_that_can_not_be_read_are_no_reason_to_stop(
    dev: EnvironmentConfig, access: GoogleAccess, stub: Stub
) -> None:
    line = f"GET {POLICY.format('iam.disableServiceAccountKeyCreation')}"
    for reply in (DISABLED, refusal(403, "The caller does not have permission")):
        stub.on(line, reply)
        assert isinstance(results(dev, access)["service_account_keys"], Unknown)


def test_only_who_makes_keys_is_asked_about_keys(access: GoogleAccess) -> None:
    names = [check.name for check in google_checks(load_environment("staging"), access)]
    assert "service_account_keys" not in names


def test_skypilot_takes_a_role_that_has_to_be_made() -> None:
    skypilot = {"version": "9.0.0", "flavor": "vm_gcp"}
    with_it = configured("dev", ml_projects__recommendation__components__orchestrator=skypilot)
    more = needs.needed_permissions(with_it) - needs.needed_permissions(load_environment("dev"))
    assert "iam.roles.create" in more


def test_the_needed_apis_are_those_that_the_modules_enable() -> None:
    text = "".join(
        (modules_folder() / file).read_text()
        for file in ("base_infrastructure/main.tf", "environments/gcp/main.tf")
    )
    in_terraform = set(re.findall(r'"([a-z]+\.googleapis\.com)"', text))
    ours = {*needs.ALWAYS, needs.KEYS_API, needs.TOKENS_API}.union(
        *(flavor.apis for flavor in FLAVORS if isinstance(flavor, GoogleFlavor))
    )
    assert ours == in_terraform
    for name in ("dev", "staging", "prod"):
        assert needs.needed_apis(load_environment(name)) <= ours
