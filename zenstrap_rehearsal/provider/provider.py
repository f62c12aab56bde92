"""All kinds that the double knows, put together with their schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.kind import DataSource, Kind
from zenstrap_rehearsal.provider.kinds import (
    accounts,
    artifact_registry,
    buckets,
    kms,
    objects,
    pools,
    project,
)
from zenstrap_rehearsal.provider.service import Service
from zenstrap_rehearsal.provider.session import Session

# In the shape of `terraform providers schema -json`; zenstrap_rehearsal/making makes it.
SCHEMAS: Final = Path(__file__).parent / "google.json"

# google_project_service_identity is missing: it is in the provider's beta version only.
KINDS: Final[tuple[type[Kind], ...]] = (
    accounts.CustomRole,
    accounts.ServiceAccount,
    accounts.ServiceAccountKey,
    accounts.ServiceAccountMember,
    artifact_registry.Repository,
    artifact_registry.RepositoryMember,
    buckets.Bucket,
    buckets.BucketMember,
    kms.CryptoKey,
    kms.CryptoKeyMember,
    kms.KeyRing,
    objects.BucketObject,
    pools.Pool,
    pools.Provider,
    project.ProjectMember,
    project.ProjectService,
)
DATA_SOURCES: Final[tuple[type[DataSource], ...]] = (
    accounts.ServiceAccountData,
    buckets.StorageAccount,
    project.ClientConfig,
    project.ClientUserinfo,
    project.ProjectData,
)


class Provider:
    """The provider of one rehearsal; makes a fresh service for every start of the plugin."""

    def __init__(self, cloud: Cloud) -> None:
        document = json.loads(SCHEMAS.read_text())
        resources, sources = document["resource_schemas"], document["data_source_schemas"]
        self._cloud = cloud
        self._configuration = Block.of(document["provider"]["block"])
        self._kinds: dict[str, Kind] = {
            kind.name: kind(Block.of(resources[kind.name]["block"])) for kind in KINDS
        }
        self._data_sources: dict[str, DataSource] = {
            kind.name: kind(Block.of(sources[kind.name]["block"])) for kind in DATA_SOURCES
        }

    def service(self, environment: Mapping[str, str], folder: Path) -> Service:
        session = Session(self._cloud, environment, folder)
        return Service(self._configuration, self._kinds, self._data_sources, session)
