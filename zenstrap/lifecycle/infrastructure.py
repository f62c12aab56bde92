"""The Terraform workspace of an environment."""

from __future__ import annotations

from zenstrap import paths
from zenstrap.platforms.base import Platform
from zenstrap.session import Session
from zenstrap.terraform.binary import TerraformBinary, find_terraform
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace


def open_workspace(session: Session) -> Workspace:
    """The environment's Terraform workspace, not initialised yet."""
    environment, platform = session.environment, session.platform
    paths.require_folders(environment)
    storage = session.storage or LocalState(paths.state_folder(environment))
    return Workspace(
        root=platform.root(storage, session.run_folder),
        environment=environment,
        data_folder=paths.terraform_data_folder(environment),
        storage=storage,
        binary=terraform_for(platform),
        run_folder=session.run_folder,
        emit=session.emit,
        interrupt=session.interrupt,
        environment_variables=platform.environment_variables(),
        provider=platform.provider,
    )


def terraform_for(platform: Platform) -> TerraformBinary:
    """The Terraform that an environment is worked on with.

    Raises:
        TerraformError, TerraformTimeoutError: there is none that is fit for use.
    """
    return find_terraform(fall_back=platform.has_own_terraform)
