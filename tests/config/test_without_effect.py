"""What is written in a configuration and isn't carried out by this version is said, once each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import REAL, Configs
from zenstrap.config.loading import load

LOCAL = "environments/local.yaml"


def _warned_of(configs: Configs, environment: str) -> list[tuple[str, int | None, str]]:
    return [
        (Path(one.file).relative_to(configs.folder).as_posix(), one.line, one.key)
        for one in load(environment, configs.folder).warnings
    ]


def test_the_shipped_laptop_is_told_nothing() -> None:
    assert load("local", REAL).warnings == ()


def test_each_is_told_once_with_its_file_and_line(configs: Configs) -> None:
    configs.append(LOCAL, "retention: {artifact_days: 7, stack_versions: 2, ttl: 8h}\n")
    configs.edit("defaults.yaml", "schedule: null", 'schedule: "0 3 * * *"')
    line = configs.line_of(LOCAL, "stack_versions")
    assert _warned_of(configs, "local") == [
        (LOCAL, line, "retention.artifact_days"),
        (LOCAL, line, "retention.stack_versions"),
        (LOCAL, line, "retention.ttl"),
        ("defaults.yaml", configs.line_of("defaults.yaml", "schedule"), "cleanup.schedule"),
    ]


@pytest.mark.parametrize("key", ["artifact_days: 14", "artifact_days: null"])
def test_what_google_cloud_carries_out_is_no_warning(configs: Configs, key: str) -> None:
    configs.edit("environments/dev.yaml", "artifact_days: 14", key)
    assert "retention.artifact_days" not in [key for _, _, key in _warned_of(configs, "dev")]


def test_a_network_without_jobs_on_it(configs: Configs) -> None:
    dev = "environments/dev.yaml"
    configs.edit(dev, "region: europe-west1", "region: europe-west1\n  network: projects/1/a/b")
    assert "gcp.network" not in [key for _, _, key in _warned_of(configs, "dev")]
    configs.edit(dev, "machine_type: n1-standard-4", "flavor: local")
    configs.edit(dev, "ml_projects: [fraud_detection, recommendation]", "ml_projects: []")
    assert "gcp.network" in [key for _, _, key in _warned_of(configs, "dev")]


def test_another_name_has_the_same_files(configs: Configs) -> None:
    named = load("dev", configs.folder, name="ben")
    assert named.config.environment == "ben"
    assert named.warnings == load("dev", configs.folder).warnings != ()
