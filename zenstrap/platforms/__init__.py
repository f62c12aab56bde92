"""Where an environment can live: one module or package for each platform."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zenstrap.config import EnvironmentConfig
    from zenstrap.platforms.base import Platform

# By the name that a configuration has for it: module and class. Imported when it is asked for.
PLATFORMS: Final[dict[str, tuple[str, str]]] = {
    "gcp": ("zenstrap.platforms.gcp.platform", "GoogleCloud"),
    "local": ("zenstrap.platforms.local", "LocalMachine"),
}


def platform_of(config: EnvironmentConfig) -> Platform:
    """The platform that an environment lives on."""
    module, name = PLATFORMS[config.platform]
    platform: Platform = getattr(importlib.import_module(module), name)(config)
    return platform
