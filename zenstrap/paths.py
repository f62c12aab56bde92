"""Where zenstrap finds its files and where it keeps what must outlive a run.

Nothing that a run writes lies in the clone. Paths are derived when asked for, so that
``ZENSTRAP_HOME`` can move them (and tests can move them all at once).
"""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "ZENSTRAP_HOME"
CONFIGS_VARIABLE = "ZENSTRAP_CONFIGS"


def project_root() -> Path:
    """The clone: the folder that holds run.py, configs/ and terraform_modules/."""
    return Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """configs/ of the clone, or the folder that ``ZENSTRAP_CONFIGS`` names."""
    moved = os.environ.get(CONFIGS_VARIABLE)
    return Path(moved).expanduser().resolve() if moved else project_root() / "configs"


def modules_folder() -> Path:
    """terraform_modules/ of the clone."""
    return project_root() / "terraform_modules"


def home() -> Path:
    """The user's state folder for zenstrap, or the folder that ``ZENSTRAP_HOME`` names."""
    moved = os.environ.get(HOME_VARIABLE)
    if moved:
        return Path(moved).expanduser().resolve()
    from platformdirs import user_state_path

    return user_state_path("zenstrap")


def environment_folder(environment: str) -> Path:
    """What zenstrap keeps of one environment: Terraform's data and state, run files."""
    return home() / "environments" / environment


def terraform_data_folder(environment: str) -> Path:
    """TF_DATA_DIR of an environment, so that environments run side by side on one module."""
    return environment_folder(environment) / "terraform"


def state_folder(environment: str) -> Path:
    """Where a local backend keeps the states of an environment's workspaces."""
    return environment_folder(environment) / "state"


def run_folder(environment: str, run: str) -> Path:
    """Plan and variable files of one run: readable by the user alone, removed when it ends."""
    return environment_folder(environment) / "runs" / run


def leases_folder() -> Path:
    """The leases of the environments that live on this machine."""
    return home() / "leases"
