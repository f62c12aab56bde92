"""The Terraform workspace of an environment."""

from __future__ import annotations

from zenstrap import paths
from zenstrap.platforms.base import Platform
from zenstrap.running import Run
from zenstrap.terraform.binary import TerraformBinary, find_terraform
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace


def open_workspace(run: Run) -> Workspace:
    """The environment's Terraform workspace, before `terraform init`."""
    environment, platform = run.environment, run.platform
    paths.require_folders(environment)
    storage = run.place.storage if run.place else LocalState(paths.state_folder(environment))
    return Workspace(
        root=platform.root(storage, run.run_folder),
        environment=environment,
        data_folder=paths.terraform_data_folder(environment),
        storage=storage,
        binary=terraform_for(platform),
        run_folder=run.run_folder,
        emit=run.emit,
        interrupt=run.interrupt,
        environment_variables=platform.environment_variables(),
        provider=platform.provider,
    )


def terraform_for(platform: Platform) -> TerraformBinary:
    """The Terraform binary for an environment.

    Raises:
        TerraformError, TerraformTimeoutError: no usable Terraform was found.
    """
    return find_terraform(fall_back=platform.has_own_terraform)
