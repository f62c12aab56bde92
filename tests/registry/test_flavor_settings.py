"""The table of settings is what ZenML's classes are, and what passes it, ZenML takes and keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.config.test_flavor_settings import RIGHT
from zenstrap.config.flavor_settings import TABLE
from zenstrap.config.names import ComponentKind
from zenstrap.registry.flavor_schemas import table_text

if TYPE_CHECKING:
    from zenml.client import Client


def test_the_table_is_fresh(client: Client) -> None:
    renew = "python -m zenstrap.registry.flavor_schemas"
    assert TABLE.read_text(encoding="utf-8") == table_text(), f"ZenML changed: run {renew}"


def test_zenml_takes_what_the_table_lets_through(client: Client) -> None:
    from zenml.enums import StackComponentType
    from zenml.stack.flavor import Flavor

    needed: dict[tuple[ComponentKind, str], dict[str, str]] = {
        ("orchestrator", "vertex"): {"location": "europe-west1"},
        ("experiment_tracker", "vertex"): {"location": "europe-west1"},
    }
    for kind, flavor, settings in RIGHT:
        found = client.get_flavor_by_name_and_type(flavor, StackComponentType(kind))
        config = Flavor.from_model(found).config_class(**settings, **needed.get((kind, flavor), {}))
        stored = config.model_dump(mode="json", exclude_unset=True)
        for name, value in settings.items():
            assert stored[name] == value


@pytest.mark.parametrize("flavor", ["vertex", "kubernetes"])
def test_zenml_alone_would_take_a_misspelt_setting_in_silence(client: Client, flavor: str) -> None:
    """Why the table exists; should ZenML refuse them one day, it may go."""
    from zenml.integrations.gcp.flavors import vertex_orchestrator_flavor as vertex
    from zenml.integrations.kubernetes.flavors import kubernetes_orchestrator_flavor as kubernetes

    settings = {
        "vertex": vertex.VertexOrchestratorSettings,
        "kubernetes": kubernetes.KubernetesOrchestratorSettings,
    }[flavor]
    settings(no_such_setting=1)
