"""The same questions to the rehearsal's double, so that its replies and the stubs' agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Home
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.errors import ZenstrapError
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.adoption import OURS, find_adoptions
from zenstrap.platforms.gcp.api.resource_manager import get_project
from zenstrap.platforms.gcp.checks import google_checks
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.state_place import place_in_bucket, wanted_bucket
from zenstrap.platforms.gcp.storage.state_bucket import ensure
from zenstrap_rehearsal.rehearsal import Rehearsal

PROJECTS = ("acme-ml-dev", "acme-ml-staging", "acme-ml-prod")
ENVIRONMENTS = ("dev", "staging", "prod")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with Rehearsal(tmp_path_factory.mktemp("rehearsal"), project_ids=PROJECTS) as rehearsal:
        yield rehearsal


@pytest.fixture
def environ(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in rehearsal.environment().items():
        monkeypatch.setenv(name, value)


def failures(config: EnvironmentConfig, access: GoogleAccess) -> list[str]:
    found = []
    for check in google_checks(config, access):
        try:
            check.look()
        except ZenstrapError as error:
            found.append(str(error))
    return found


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_environment_passes_before_and_after_its_state_bucket_is_made(
    name: str, environ: None
) -> None:
    config = load_environment(name)
    access = GoogleAccess(config)
    assert failures(config, access) == []
    wanted = wanted_bucket(config, access)
    assert ensure(access.storage, wanted).action == "create"
    assert ensure(access.storage, wanted).action == "keep"
    assert failures(config, access) == []


def test_the_state_may_lie_in_a_seed_project_if_the_configuration_says_so(
    environ: None, home: Home
) -> None:
    def place(**state: str) -> GoogleAccess:
        state["bucket"] = "seed-state"
        home.edit("environments/dev.yaml", lambda c: c["state"].update(state))
        config = load_environment("dev")
        access = GoogleAccess(config)
        place_in_bucket(config, access, create=True)
        return access

    # Made by zenstrap, in the other project and in another region than the environment's.
    access = place(project="acme-ml-prod", location="us-east1")
    made = access.storage.get_bucket("seed-state")
    assert made.project_number != get_project(access.rest).number
    assert made.location == "US-EAST1"
    home.edit("environments/dev.yaml", lambda c: c["state"].pop("location"))
    place()
    assert failures(load_environment("dev"), access) == []

    home.edit("environments/dev.yaml", lambda c: c["state"].pop("project"))
    with pytest.raises(GoogleError, match=r"state\.project"):
        place()
    with pytest.raises(GoogleError, match="no-such-project") as unknown:
        place(project="no-such-project")
    assert unknown.value.where == "state.project"


def test_a_forbidden_key_is_known_before_terraform_fails_on_it(
    environ: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apis = ("orgpolicy.googleapis.com",)
    with Rehearsal(tmp_path, project_ids=PROJECTS, apis=apis) as strict:
        strict.enforce("iam.disableServiceAccountKeyCreation")
        for name, value in strict.environment().items():
            monkeypatch.setenv(name, value)
        config = load_environment("dev")
        (failure,) = failures(config, GoogleAccess(config))
        assert "iam.disableServiceAccountKeyCreation" in failure


def test_a_deleted_pool_gives_way_to_the_next_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_environment("prod")
    apis = ("iam.googleapis.com", "cloudkms.googleapis.com")
    with Rehearsal(tmp_path, project_ids=("acme-ml-prod",), apis=apis) as rehearsal:
        for name, value in rehearsal.environment().items():
            monkeypatch.setenv(name, value)
        session = GoogleAccess(config).rest
        places = f"{rehearsal.url}/iam/v1/projects/acme-ml-prod/locations/global"
        pool, provider = "workloadIdentityPools/zenml-prod", "providers/zenml"
        call(
            rehearsal,
            "POST",
            f"{places}/workloadIdentityPools?workloadIdentityPoolId=zenml-prod",
            {"description": OURS},
        )
        call(
            rehearsal,
            "POST",
            f"{places}/{pool}/providers?workloadIdentityPoolProviderId=zenml",
            {
                "attributeMapping": {"google.subject": "assertion.sub"},
                "oidc": {"issuerUri": "https://oidc.acme.example/prod"},
            },
        )
        for name in (f"{pool}/{provider}", pool):
            call(rehearsal, "DELETE", f"{places}/{name}")

        before = rehearsal.resources()
        found = find_adoptions(config, session, (), provider_id="zenml")
        assert (found.pool_id, found.pool, found.provider) == ("zenml-prod-2", None, None)
        assert rehearsal.resources() == before


def call(rehearsal: Rehearsal, method: str, url: str, body: object = None) -> None:
    import requests

    token = rehearsal.environment()["GOOGLE_OAUTH_ACCESS_TOKEN"]
    reply = requests.request(
        method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert reply.status_code == 200, reply.text
