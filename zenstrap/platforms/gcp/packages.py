"""Checks the Python packages that ZenML needs for Google Cloud: the extra ``gcp``."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.errors import UsageError
from zenstrap.platforms.gcp.needs import flavors_in

_ALWAYS: Final = ("gcsfs", "google.cloud.artifactregistry_v1", "google.cloud.container_v1")


def google_packages(config: GoogleEnvironment) -> str:
    """Check that all packages are installed that the environment's stacks need on this machine.

    Raises:
        UsageError: packages are missing; names them.
    """
    needed = sorted(set(_needed(config)))
    missing = [module for module in needed if not _is_installed(module)]
    if missing:
        raise UsageError(
            "packages for Google Cloud are missing",
            why=f"ZenML needs {', '.join(missing)} for Google Cloud",
            fix="Install them",
            command="pip install -e '.[gcp]'",
        )
    return f"all {len(needed)} that the stacks need"


def _needed(config: GoogleEnvironment) -> Iterator[str]:
    yield from _ALWAYS
    for flavor in flavors_in(config):
        yield from flavor.packages


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is missing
        return False
