"""Settings in ZenML's own words: what is refused, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.registry.google import configured
from zenstrap.config.names import ComponentKind
from zenstrap.config.platforms import flavors_of
from zenstrap.registry.settings import Fault, settings_faults, settings_violations

if TYPE_CHECKING:
    from zenml.client import Client


def faults(
    client: Client, kind: ComponentKind, flavor: str, settings: dict[str, Any]
) -> list[Fault]:
    from zenstrap.zenml_private.calls import flavor_class

    record = next(one for one in flavors_of(kind) if one.name == flavor)
    model = flavor_class(client, kind, flavor)
    return list(settings_faults(settings, model, record.set_by_zenstrap, {}))


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
def test_what_zenml_takes_and_keeps_is_taken(
    client: Client, kind: ComponentKind, flavor: str, settings: dict[str, Any]
) -> None:
    assert faults(client, kind, flavor, settings) == []
    from zenstrap.zenml_private.calls import flavor_class

    needed = {"location": "europe-west1"} if flavor == "vertex" else {}
    stored = flavor_class(client, kind, flavor)(**settings, **needed)
    kept = stored.model_dump(mode="json", exclude_unset=True)
    assert {name: kept[name] for name in settings} == settings


WRONG: list[tuple[ComponentKind, str, dict[str, Any], str]] = [
    ("orchestrator", "vertex", {"gpu_enabled": True}, "gpu_enabled"),
    ("orchestrator", "vertex", {"cpu_limit": "4"}, "cpu_limit"),  # deprecated
    ("orchestrator", "vertex", {"labels": "team"}, "labels"),
    ("orchestrator", "vertex", {"labels": {"a": 1}}, "labels.a"),
    ("orchestrator", "vertex", {"pod_settings": {"env": ["A"]}}, "pod_settings.env"),
    ("orchestrator", "vertex", {"pod_settings": {"host_ipc": "yes"}}, "pod_settings.host_ipc"),
    (
        "orchestrator",
        "vertex",
        {"custom_job_parameters": {"boot_disk": "x"}},
        "custom_job_parameters.boot_disk",
    ),
    ("orchestrator", "kubernetes", {"privileged": 1}, "privileged"),
    ("orchestrator", "kubernetes", {"active_deadline_seconds": -1}, "active_deadline_seconds"),
    ("orchestrator", "kubernetes", {"job_monitoring_interval": 0}, "job_monitoring_interval"),
    ("orchestrator", "vm_gcp", {"disk_tier": "fast"}, "disk_tier"),
    ("orchestrator", "vm_gcp", {"infra": "{{no.secret}}"}, "infra"),
    ("orchestrator", "airflow", {"operator": "kubernetes_pod"}, "operator"),
    ("orchestrator", "local", {"anything": 1}, "anything"),
    ("deployer", "gcp", {"timeout_seconds": 3601}, "timeout_seconds"),
    ("deployer", "gcp", {"timeout_seconds": 1.5}, "timeout_seconds"),
]


@pytest.mark.parametrize(("kind", "flavor", "settings", "blamed"), WRONG)
def test_what_zenml_would_ignore_or_refuse_or_change_is_refused(
    client: Client, kind: ComponentKind, flavor: str, settings: dict[str, Any], blamed: str
) -> None:
    assert [path for path, _, _ in faults(client, kind, flavor, settings)] == [blamed]


def test_the_nearest_name_is_offered(client: Client) -> None:
    ((_, _, way_out),) = faults(client, "orchestrator", "vertex", {"lables": {"a": "b"}})
    assert way_out == "Did you mean labels?"


def test_what_zenml_refuses_together_with_zenstraps_own_is_refused(client: Client) -> None:
    """ZenML's class looks at several settings at once, and knows no key to blame."""
    client.create_secret("mlflow", {"token": "any"})
    config = configured(
        "prod",
        ml_projects={},
        stack__components__experiment_tracker={
            "version": "9.0.0",
            "flavor": "mlflow",
            "tracking_uri": "https://mlflow.acme.example",
            "tracking_token": "zenml:mlflow.token",
            "settings": {"enable_unity_catalog": True},
        },
    )
    (violation,) = settings_violations(config, client)
    assert violation.keys[0] == "stack.components.experiment_tracker.settings"
    assert "databricks" in violation.message.lower()
    fine = configured(
        "prod",
        ml_projects={},
        stack__components__experiment_tracker={
            "version": "9.0.0",
            "flavor": "mlflow",
            "tracking_uri": "https://mlflow.acme.example",
            "tracking_token": "zenml:mlflow.token",
            "settings": {"tracking_insecure_tls": True},
        },
    )
    assert [*settings_violations(fine, client)] == []


def test_what_zenstrap_sets_is_another_rules(client: Client) -> None:
    assert faults(client, "orchestrator", "vertex", {"location": "europe-west1"}) == []


@pytest.mark.parametrize("flavor", ["vertex", "kubernetes"])
def test_zenml_alone_would_take_a_misspelt_setting_in_silence(client: Client, flavor: str) -> None:
    """Why names are looked at here; should ZenML refuse them one day, that may go."""
    from zenml.integrations.gcp.flavors import vertex_orchestrator_flavor as vertex
    from zenml.integrations.kubernetes.flavors import kubernetes_orchestrator_flavor as kubernetes

    settings = {
        "vertex": vertex.VertexOrchestratorSettings,
        "kubernetes": kubernetes.KubernetesOrchestratorSettings,
    }[flavor]
    settings(no_such_setting=1)
