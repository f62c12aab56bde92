"""All kinds that the double knows, put together with their schemas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from zenstrap_rehearsal import schema
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

_KINDS: Final[tuple[type[Kind], ...]] = (
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
_DATA_SOURCES: Final[tuple[type[DataSource], ...]] = (
    accounts.ServiceAccountData,
    buckets.StorageAccount,
    project.ClientConfig,
    project.ClientUserinfo,
    project.ProjectData,
)


class Provider:
    """The provider of one rehearsal; makes a fresh service for every start of the plugin."""

    def __init__(self, cloud: Cloud) -> None:
        document = schema.load()
        resources, sources = document["resource_schemas"], document["data_source_schemas"]
        self._cloud = cloud
        self._configuration = Block.of(document["provider"]["block"])
        self._kinds: dict[str, Kind] = {
            kind.name: kind(Block.of(resources[kind.name]["block"])) for kind in _KINDS
        }
        self._data_sources: dict[str, DataSource] = {
            kind.name: kind(Block.of(sources[kind.name]["block"])) for kind in _DATA_SOURCES
        }

    def service(self, environment: Mapping[str, str], folder: Path) -> Service:
        session = Session(self._cloud, environment, folder)
        return Service(self._configuration, self._kinds, self._data_sources, session)
