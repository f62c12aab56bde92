"""Versions on Google Cloud: an upgrade that fails, one that passes, keyless, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.registry_state import alias_parts, snapshot
from tests.command_line import CommandLine, Ended
from tests.conftest import Home
from tests.e2e.google_access import (
    WORKLOAD_IDENTITY,
    auth,
    connectors,
    machine,
    smoke_tests,
)
from tests.e2e.google_cloud import alive
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

DEV = "environments/dev.yaml"
OLD, NEW = "zenml-dev-container-registry-v1.0.0", "zenml-dev-container-registry-v1.1.0"


@pytest.fixture
def up(home: Home, run: CommandLine, local_training: None) -> Callable[[], Ended]:
    """`up` in dev, with a protected environment's rule on versions and one stack."""

    def first(config: dict[str, Any]) -> None:
        config["ml_projects"] = []
        config["protection"]["immutable_versions"] = True
        config["stack"]["version"] = "1.0.0"
        config["stack"]["components"]["container_registry"]["version"] = "1.0.0"

    home.edit(DEV, first)
    return lambda: run("up", "--env", "dev", "--yes", "--json")


def images_of_the_team(config: dict[str, Any]) -> None:
    config["stack"]["components"]["container_registry"]["settings"] = {"default_repository": "team"}


def version_1_1_0(config: dict[str, Any]) -> None:
    images_of_the_team(config)
    config["stack"]["version"] = "1.1.0"
    config["stack"]["components"]["container_registry"]["version"] = "1.1.0"


def training(name: str) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        config["smoke_test"]["training"] = f"tests.trainings:{name}"

    return change


def current(alias: str = "zenml-dev") -> str:
    (registry,) = alias_parts(alias)["container_registry"]
    return registry


def components(state: dict[str, Any]) -> dict[str, str]:
    """The id of each component, by name."""
    return {name: found[0] for (_, name), found in state["components"].items()}


def test_an_upgrade(
    cloud: Rehearsal,
    home: Home,
    run: CommandLine,
    up: Callable[[], Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = up()
    assert first.code == 0, first.err
    old = snapshot()

    # Other content under a version that is there.
    home.edit(DEV, images_of_the_team)
    refused = up()
    assert refused.code == 5, refused.err
    assert snapshot() == old

    # A new version that doesn't prove itself.
    home.edit(DEV, version_1_1_0)
    home.edit(DEV, training("inaccurate"))
    failed = up()
    assert failed.code == 6, failed.err
    assert smoke_tests(failed) == ["zenml-dev-v1.1.0"]
    assert current() == OLD
    between = snapshot()
    assert between["stacks"]["zenml-dev"] == old["stacks"]["zenml-dev"]
    assert components(between).items() - components(old).items() == {
        (NEW, components(between)[NEW])
    }

    # It is mended, and moves the alias.
    home.edit(DEV, training("own"))
    passed = up()
    assert passed.code == 0, passed.err
    assert current() == NEW
    assert components(snapshot()) == components(between)

    # From a key to the machine's own identity, the version before that too.
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(machine(cloud, tmp_path)))
    monkeypatch.setenv("ZENML_ENABLE_IMPLICIT_AUTH_METHODS", "false")
    home.edit(DEV, auth({"method": "implicit"}))
    keyless = up()
    assert keyless.code == 0, keyless.err
    assert components(snapshot()) == components(between)
    assert set(connectors().values()) == {"zenml-dev-implicit-connector"}
    assert {OLD, NEW} <= set(connectors())

    back = run("rollback", "--env", "dev", "--json")
    assert back.code == 0, back.err
    assert smoke_tests(back) == ["zenml-dev-v1.0.0"]
    assert current() == OLD

    # And on to an identity that this machine hasn't got.
    home.edit(DEV, auth(WORKLOAD_IDENTITY))
    federated = up()
    assert federated.code == 6, federated.err
    assert str(WORKLOAD_IDENTITY["subject_token"]).removeprefix("file:") in federated.err
    assert current() == OLD
    assert components(snapshot()) == components(between)
    assert set(connectors().values()) == {"zenml-dev-implicit-connector"}


def test_one_ml_project_is_released_alone(
    cloud: Rehearsal, home: Home, up: Callable[[], Ended]
) -> None:
    def with_fraud_detection(config: dict[str, Any]) -> None:
        config["ml_projects"] = ["fraud_detection"]

    def released(config: dict[str, Any]) -> None:
        config["version"] = "1.2.0"
        config["components"] = {
            "container_registry": {"version": "1.0.1", "settings": {"default_repository": "team"}}
        }

    home.edit(DEV, with_fraud_detection)
    first = up()
    assert first.code == 0, first.err
    assert smoke_tests(first) == ["zenml-dev-v1.0.0", "zenml-dev-fraud-detection-v1.1.0"]
    before, made = snapshot(), alive(cloud)

    home.edit("ml_projects/fraud_detection.yaml", released)
    alone = up()
    assert alone.code == 0, alone.err
    assert smoke_tests(alone) == ["zenml-dev-fraud-detection-v1.2.0"]
    after = snapshot()
    assert after["stacks"]["zenml-dev-fraud-detection"][2]["version"] == "1.2.0"
    assert written(before, after) == {
        "zenml-dev-fraud-detection",
        "zenml-dev-fraud-detection-v1.2.0",
        "zenml-dev-fraud-detection-container-registry-v1.0.1",
    }
    assert alive(cloud) == made


def written(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The names of stacks and components that were made or changed in between."""
    return {
        key if kind == "stacks" else key[1]
        for kind in ("stacks", "components")
        for key, found in after[kind].items()
        if before[kind].get(key) != found
    }
