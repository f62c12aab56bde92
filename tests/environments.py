"""Changes to the local environment that many tests make, and where its things are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.registry_state import snapshot
from tests.conftest import Home
from zenstrap.owner import Owner


def only_base(config: dict[str, Any]) -> None:
    """One stack instead of three, where a test isn't about ML projects."""
    config["ml_projects"] = []


def with_training(name: str, **smoke_test: Any) -> Any:
    def change(config: dict[str, Any]) -> None:
        only_base(config)
        config["smoke_test"] = {
            **(config.get("smoke_test") or {}),
            "training": f"tests.trainings:{name}",
            **smoke_test,
        }

    return change


def with_version(version: str, artifact_store: str) -> Any:
    def change(config: dict[str, Any]) -> None:
        config["stack"]["version"] = version
        config["stack"]["components"]["artifact_store"]["version"] = artifact_store

    return change


def state_file(home: Home) -> Path:
    return home.state / "environments/local/state/local/terraform.tfstate"


def version_of(alias: str) -> str:
    return str(snapshot()["stacks"][alias][2]["version"])


def owner_of(folder: Path, environment: str = "local") -> Owner:
    file = folder / "environments" / environment / "state" / "owner.json"
    return Owner.model_validate_json(file.read_bytes())


def labels_of(stack: str) -> dict[str, str]:
    return dict(snapshot()["stacks"][stack][2])
