"""Settings in ZenML's own words: what is refused, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from zenstrap.config.flavor_settings import settings_faults
from zenstrap.config.names import ComponentKind


def faults(kind: ComponentKind, flavor: str, settings: dict[str, Any]) -> list[str]:
    return [path for path, _, _ in settings_faults(kind, flavor, settings)]


RIGHT: list[tuple[ComponentKind, str, dict[str, Any]]] = [
    ("orchestrator", "vertex", {"labels": {"team": "risk"}}),
    ("orchestrator", "vertex", {"custom_job_parameters": {"boot_disk_type": "pd-standard"}}),
    ("orchestrator", "vertex", {"pod_settings": {"env": [{"name": "A", "value": "b"}]}}),
    ("orchestrator", "vertex", {"private_service_connect": None}),
    ("orchestrator", "kubernetes", {"job_monitoring_interval": 5}),
    ("orchestrator", "kubernetes", {"pod_settings": {"affinity": {"any": {"thing": 1}}}}),
    ("orchestrator", "vm_gcp", {"disk_tier": "best", "cpus": "4+", "memory": 16}),
    ("deployer", "gcp", {"timeout_seconds": 3600, "traffic_allocation": {"LATEST": 100}}),
    ("experiment_tracker", "vertex", {"experiment_tensorboard": True}),
    ("image_builder", "gcp", {"network": "cloudbuild"}),
]


@pytest.mark.parametrize(("kind", "flavor", "settings"), RIGHT)
def test_what_zenml_takes_is_taken(
    kind: ComponentKind, flavor: str, settings: dict[str, Any]
) -> None:
    assert faults(kind, flavor, settings) == []


WRONG: list[tuple[ComponentKind, str, dict[str, Any], str]] = [
    ("orchestrator", "vertex", {"gpu_enabled": True}, "gpu_enabled"),
    ("orchestrator", "vertex", {"cpu_limit": "4"}, "cpu_limit"),  # deprecated
    ("orchestrator", "vertex", {"labels": "team"}, "labels"),
    ("orchestrator", "vertex", {"pod_settings": {"env": ["A"]}}, "pod_settings.env"),
    ("orchestrator", "vertex", {"pod_settings": {"host_ipc": "yes"}}, "pod_settings.host_ipc"),
    ("orchestrator", "kubernetes", {"privileged": 1}, "privileged"),
    ("orchestrator", "kubernetes", {"active_deadline_seconds": -1}, "active_deadline_seconds"),
    ("orchestrator", "kubernetes", {"job_monitoring_interval": 0}, "job_monitoring_interval"),
    ("orchestrator", "vm_gcp", {"disk_tier": "fast"}, "disk_tier"),
    ("orchestrator", "local", {"anything": 1}, "anything"),
    ("deployer", "gcp", {"timeout_seconds": 3601}, "timeout_seconds"),
    ("deployer", "gcp", {"timeout_seconds": 1.5}, "timeout_seconds"),
    ("deployer", "gcp", {"auth_key": "hunter2"}, "auth_key"),
    ("deployer", "gcp", {"secret_name_prefix": "mine-"}, "secret_name_prefix"),
    ("step_operator", "vertex", {"service_account_path": "/key.json"}, "service_account_path"),
    ("experiment_tracker", "mlflow", {"tracking_token": "hunter2"}, "tracking_token"),
]


@pytest.mark.parametrize(("kind", "flavor", "settings", "blamed"), WRONG)
def test_what_zenml_would_ignore_or_refuse_is_refused(
    kind: ComponentKind, flavor: str, settings: dict[str, Any], blamed: str
) -> None:
    assert faults(kind, flavor, settings) == [blamed]


@pytest.mark.parametrize(
    ("name", "instead"),
    [("lables", "labels"), ("location", "location"), ("network", "gcp.network")],
)
def test_the_way_out_is_named(name: str, instead: str) -> None:
    ((_, _, way_out),) = settings_faults("orchestrator", "vertex", {name: "x"})
    assert way_out is not None and instead in way_out
