"""Which Terraform root an environment uses, with which variables and which state."""

from __future__ import annotations

from pathlib import Path

from zenstrap import paths
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import UsageError
from zenstrap.session import Session
from zenstrap.terraform.binary import find_terraform
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace


def open_workspace(config: EnvironmentConfig, session: Session) -> Workspace:
    """The environment's Terraform workspace, not initialised yet."""
    environment = config.environment
    return Workspace(
        root=paths.modules_folder() / "environments" / config.platform,
        environment=environment,
        data_folder=paths.terraform_data_folder(environment),
        storage=LocalState(paths.state_folder(environment)),
        binary=find_terraform(),
        run_folder=session.run_folder,
        emit=session.emit,
        interrupt=session.interrupt,
    )


def variables(config: EnvironmentConfig) -> dict[str, object]:
    """What the root module of the environment's platform is given."""
    return {
        "environment": config.environment,
        "root": str(artifacts_folder(config)),
        "ml_projects": sorted(config.ml_projects),
        "retention": config.retention.model_dump(mode="json"),
        "labels": dict(config.labels),
    }


def artifacts_folder(config: EnvironmentConfig) -> Path:
    """Where a local environment keeps its artifacts."""
    root = (
        Path(config.local.root)
        if config.local and config.local.root
        else paths.home() / "artifacts"
    )
    return root / config.environment


def require_supported(config: EnvironmentConfig) -> None:
    """Refuse what this version can't apply yet.

    Raises:
        UsageError: the platform's root module isn't there.
    """
    if config.platform != "local":
        raise UsageError(
            f"environment {config.environment} can't be applied yet: platform {config.platform}",
            why="This version applies platform local; the others are validated only.",
            fix=f"See what it would be with: python run.py config --env {config.environment}",
        )
