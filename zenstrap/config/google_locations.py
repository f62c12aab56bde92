"""Where on Google Cloud things lie: regions, and the multi-regions around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zenstrap.config.models import EnvironmentConfig, Gcp

# By the beginning of a region's name: the multi-region of Cloud Storage and that of Artifact
# Registry. Canada, South America, Australia, Africa and the Middle East have none.
# https://cloud.google.com/storage/docs/locations
# https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
_MULTI_REGIONS: Final = {"europe": ("EU", "europe"), "us": ("US", "us"), "asia": ("ASIA", "asia")}

# Where a bucket's key must lie, if that isn't the bucket's own location in lower case.
# https://cloud.google.com/kms/docs/locations#multi-regional
_KEY_LOCATIONS: Final = {"eu": "europe"}

# What runs in a region and is encrypted with a key of that region.
_ENCRYPTED_IN_REGION: Final = frozenset({"vertex", "gcp"})


@dataclass(frozen=True)
class Locations:
    """Where an environment's bucket and registry lie; None where nothing tells."""

    bucket: str | None
    registry: str | None


def locations(config: EnvironmentConfig) -> Locations:
    """The configured locations, or what follows from region and high availability."""
    gcp = _gcp(config)
    if config.resilience.high_availability:
        bucket, registry = _MULTI_REGIONS.get(gcp.region.partition("-")[0], (None, None))
    else:
        bucket, registry = gcp.region.upper(), gcp.region
    return Locations(
        bucket=gcp.bucket_location.upper() if gcp.bucket_location else bucket,
        registry=gcp.registry_location.lower() if gcp.registry_location else registry,
    )


def key_location(location: str) -> str:
    """Where the key for something in a location must lie."""
    return _KEY_LOCATIONS.get(location.lower(), location.lower())


def key_locations(config: EnvironmentConfig) -> frozenset[str]:
    """All locations in which the environment can use an encryption key."""
    found = locations(config)
    needed = {key_location(found.bucket)} if found.bucket else set()
    for project in config.targets:
        if found.registry and config.components_of(project).container_registry is not None:
            needed.add(key_location(found.registry))
        for kind, component in config.components_of(project).present().items():
            if kind in _REGIONAL and component.flavor in _ENCRYPTED_IN_REGION:
                needed.add(getattr(component, "location", None) or _gcp(config).region)
    return frozenset(needed)


_REGIONAL: Final = frozenset({"orchestrator", "step_operator", "experiment_tracker", "deployer"})


def _gcp(config: EnvironmentConfig) -> Gcp:
    assert config.gcp is not None, "platform gcp has its section"
    return config.gcp
