"""From keys to keyless on Google Cloud: the old way stays until the new one is proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.registry_state import alias_parts
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_access import WORKLOAD_IDENTITY, auth, connectors, machine
from tests.e2e.google_cloud import alive
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

DEV = "environments/dev.yaml"
BY_KEY, IMPLICIT = "zenml-dev-service-account-connector", "zenml-dev-implicit-connector"


def one_stack(config: dict[str, Any]) -> None:
    config["ml_projects"] = []
    config["protection"]["immutable_versions"] = True


def keys(cloud: Rehearsal) -> list[str]:
    """The keys of service accounts, by name."""
    return [name for name in alive(cloud) if "/keys/" in name]


def registered() -> set[str]:
    """The names of the connectors."""
    from zenml.client import Client

    return {one.name for one in Client().list_service_connectors(size=100).items}


def store_opens(alias: str = "zenml-dev") -> bool:
    """Whether an alias's artifact store lets in whoever uses the alias."""
    from zenml.client import Client

    (name,) = alias_parts(alias)["artifact_store"]
    store = Client().get_stack_component("artifact_store", name, allow_name_prefix_match=False)
    assert store.connector is not None
    Client().verify_service_connector(
        store.connector.id,
        resource_type="gcs-bucket",
        resource_id=store.connector_resource_id,
        list_resources=False,
    )
    return True


def test_from_keys_to_keyless(
    cloud: Rehearsal,
    home: Home,
    run: CommandLine,
    local_training: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home.edit(DEV, one_stack)
    first = run("up", "--env", "dev", "--yes", "--json")
    assert first.code == 0, first.err
    parts, links, made = alias_parts("zenml-dev"), connectors(), keys(cloud)
    assert set(links.values()) == {BY_KEY} and len(made) == 1

    # To an identity that this machine hasn't got.
    monkeypatch.setenv("ZENML_ENABLE_IMPLICIT_AUTH_METHODS", "false")
    home.edit(DEV, auth(WORKLOAD_IDENTITY))
    failed = run("up", "--env", "dev", "--yes", "--json")
    assert failed.code == 6, failed.err
    assert str(WORKLOAD_IDENTITY["subject_token"]).removeprefix("file:") in failed.err
    assert alias_parts("zenml-dev") == parts
    assert connectors() == links
    assert keys(cloud) == made
    assert store_opens()

    # To one that it has: the old connector goes once the new one is proven.
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(machine(cloud, tmp_path)))
    home.edit(DEV, auth({"method": "implicit"}))
    passed = run("up", "--env", "dev", "--yes", "--json")
    assert passed.code == 0, passed.err
    assert set(connectors().values()) == {IMPLICIT}
    assert registered() == {IMPLICIT}
    assert set(made) < set(keys(cloud))

    # And the key goes after it.
    after = run("up", "--env", "dev", "--yes", "--json")
    assert after.code == 0, after.err
    assert len(keys(cloud)) == 1 and not set(made) & set(keys(cloud))  # the machine's own is left
    assert store_opens()
    plan = run("plan", "--env", "dev", "--json")
    assert plan.code == 0, plan.err
