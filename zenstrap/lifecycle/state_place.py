"""Where an environment keeps Terraform's state and its lease: this machine, or a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from zenstrap import paths
from zenstrap.config import EnvironmentConfig
from zenstrap.lease import FileLeaseStore
from zenstrap.lease.store import LeaseStore
from zenstrap.owner import FileOwnerStore, OwnerStore
from zenstrap.terraform.storage import GcsState, LocalState, StateStorage

if TYPE_CHECKING:
    from zenstrap.platforms.gcp.access import GoogleAccess
    from zenstrap.platforms.gcp.api.resource_manager import Project
    from zenstrap.platforms.gcp.storage.state_bucket import WantedBucket
    from zenstrap.platforms.gcp.storage.state_lock import StateLocks


@dataclass(frozen=True)
class StatePlace:
    """Where state and lease are.

    Attributes:
        owners: whose the environment is.
        detail: the place, for people.
        locks: Terraform's locks on the state, where they outlive a killed Terraform.
        missing: there is no state bucket yet, so that state and lease are on this machine for as
            long as the run takes.
        changed: the state bucket was made just now, or its settings were.
    """

    storage: StateStorage
    leases: LeaseStore
    owners: OwnerStore
    detail: str
    locks: StateLocks | None = None
    missing: bool = False
    changed: bool = False


def local_place(config: EnvironmentConfig) -> StatePlace:
    """Platform local: everything is on this machine.

    Raises:
        UsageError: something else lies where the folders would be.
    """
    paths.require_folders(config.environment)
    folder = paths.state_folder(config.environment)
    return StatePlace(
        LocalState(folder),
        FileLeaseStore(paths.leases_folder()),
        FileOwnerStore(folder, config.environment),
        str(folder),
    )


def owner_store(config: EnvironmentConfig) -> OwnerStore:
    """Whose the environment is, for whoever only looks at it.

    Raises:
        AuthenticationError: nobody is logged in with Google Cloud, on platform gcp.
    """
    if config.platform == "local":
        return local_place(config).owners
    from zenstrap.platforms.gcp.access import GoogleAccess
    from zenstrap.platforms.gcp.storage.owner_store import GcsOwnerStore
    from zenstrap.platforms.gcp.variables import state_prefix

    assert config.state is not None, "platform gcp has its section"
    client = GoogleAccess(config).storage
    return GcsOwnerStore(client, config.state.bucket, state_prefix(config), config.environment)


def lease_store(config: EnvironmentConfig) -> LeaseStore:
    """Where the environment's lease is, for whoever only looks at it.

    Raises:
        AuthenticationError: nobody is logged in with Google Cloud, on platform gcp.
    """
    return lease_and_locks(config)[0]


def lease_and_locks(config: EnvironmentConfig) -> tuple[LeaseStore, StateLocks | None]:
    """Likewise, and Terraform's locks where they outlive a killed Terraform."""
    if config.platform == "local":
        return local_place(config).leases, None
    from zenstrap.platforms.gcp.access import GoogleAccess
    from zenstrap.platforms.gcp.storage.lease_store import GcsLeaseStore
    from zenstrap.platforms.gcp.storage.state_lock import StateLocks
    from zenstrap.platforms.gcp.variables import state_prefix

    assert config.state is not None, "platform gcp has its section"
    bucket, client = config.state.bucket, GoogleAccess(config).storage
    return (
        GcsLeaseStore(client, bucket, config.state.prefix),
        StateLocks(client, bucket, state_prefix(config)),
    )


def state_of(config: EnvironmentConfig) -> str:
    """The place of the environment's state, without looking whether there is one."""
    if config.platform == "local":
        return local_place(config).storage.place(config.environment)
    from zenstrap.platforms.gcp.variables import state_prefix

    assert config.state is not None, "platform gcp has its section"
    storage = GcsState(config.state.bucket, state_prefix(config), fetch=lambda name: None)
    return storage.place(config.environment)


def google_place(
    config: EnvironmentConfig,
    access: GoogleAccess,
    *,
    create: bool,
    before_create: Callable[[StatePlace], None] = lambda place: None,
) -> StatePlace:
    """Platform gcp: everything is in the state bucket.

    Args:
        create: create the bucket if there is none, or adopt the one that is there. Otherwise
            nothing is written.
        before_create: is given the place as it is without a bucket, and may raise.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: the bucket is somebody else's, lies elsewhere, or Google said no.
    """
    from zenstrap.platforms.gcp.storage.lease_store import GcsLeaseStore
    from zenstrap.platforms.gcp.storage.objects import read_object, versions_of, write_object
    from zenstrap.platforms.gcp.storage.owner_store import GcsOwnerStore
    from zenstrap.platforms.gcp.storage.state_bucket import decide, ensure, look
    from zenstrap.platforms.gcp.storage.state_lock import StateLocks
    from zenstrap.platforms.gcp.variables import state_prefix

    assert config.state is not None, "platform gcp has its section"
    wanted = wanted_bucket(config, access)
    decision = decide(look(access.storage, wanted), wanted)
    if decision.reason is not None:
        raise decision.reason
    if decision.action == "create":
        missing = _without_bucket(config, wanted)
        if not create:
            return missing
        before_create(missing)
    changed = create and decision.action != "keep"
    if changed:
        decision = ensure(access.storage, wanted)
    done = str(decision) if create else "found"
    return StatePlace(
        GcsState(
            bucket=wanted.name,
            prefix=state_prefix(config),
            fetch=partial(read_object, access.storage, wanted.name),
            put=partial(write_object, access.storage, wanted.name),
            versions=partial(versions_of, access.storage, wanted.name),
        ),
        GcsLeaseStore(access.storage, wanted.name, config.state.prefix),
        GcsOwnerStore(access.storage, wanted.name, state_prefix(config), config.environment),
        f"gs://{wanted.name} {done}",
        locks=StateLocks(access.storage, wanted.name, state_prefix(config)),
        changed=changed,
    )


def wanted_bucket(
    config: EnvironmentConfig, access: GoogleAccess, own: Project | None = None
) -> WantedBucket:
    """The state bucket as the configuration asks for it.

    Args:
        own: the environment's Google Cloud project, where it was asked for already.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked for the bucket's project.
    """
    from zenstrap.platforms.gcp.api.resource_manager import get_project
    from zenstrap.platforms.gcp.storage.state_bucket import WantedBucket

    assert config.state is not None and config.gcp is not None, "platform gcp has its sections"
    seed = config.state.project
    if seed is not None and seed != access.project_id:
        project = get_project(access.rest, seed, key="state.project")
    else:
        project = own or get_project(access.rest)
    return WantedBucket(
        name=config.state.bucket,
        project=project.id,
        project_number=project.number,
        location=config.state.location or config.gcp.region,
        prefix=config.state.prefix,
        anywhere=config.state.location is None,
    )


def _without_bucket(config: EnvironmentConfig, wanted: WantedBucket) -> StatePlace:
    folder = paths.state_folder(config.environment)
    return StatePlace(
        LocalState(folder),
        FileLeaseStore(paths.leases_folder()),
        FileOwnerStore(folder, config.environment),
        f"gs://{wanted.name} isn't there yet",
        missing=True,
    )
