"""The platforms that an environment can use: one module or package for each."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zenstrap.config import EnvironmentConfig
    from zenstrap.platforms.base import Platform

# Module and class by the value of ``platform`` in a configuration; imported when first used.
PLATFORMS: Final[dict[str, tuple[str, str]]] = {
    "gcp": ("zenstrap.platforms.gcp.platform", "GoogleCloud"),
    "local": ("zenstrap.platforms.local", "LocalMachine"),
}


def platform_of(config: EnvironmentConfig) -> Platform:
    """The platform of an environment."""
    module, name = PLATFORMS[config.platform]
    platform: Platform = getattr(importlib.import_module(module), name)(config)
    return platform
