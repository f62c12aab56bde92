"""The state bucket, which stores an environment's state, lease and owner."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from zenstrap import paths
from zenstrap.config import GoogleEnvironment
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import FileOwnerStore
from zenstrap.platforms.base import StatePlace, Stores
from zenstrap.platforms.gcp.access import GoogleAccess
from zenstrap.platforms.gcp.storage.state import GcsState
from zenstrap.terraform.storage import LocalState

if TYPE_CHECKING:
    from zenstrap.platforms.gcp.api.resource_manager import Project
    from zenstrap.platforms.gcp.storage.state_bucket import WantedBucket


def state_prefix(config: GoogleEnvironment) -> str:
    """The environment's folder in the state bucket, for state, lease and owner."""
    return f"{config.state.prefix}/{config.environment}"


def stores_in(config: GoogleEnvironment, access: GoogleAccess) -> Stores:
    """Stores of lease, owner and locks in the state bucket, whether or not it exists.

    Raises:
        AuthenticationError: nobody is logged in.
    """
    from zenstrap.platforms.gcp.storage.lease_store import GcsLeaseStore
    from zenstrap.platforms.gcp.storage.owner_store import GcsOwnerStore
    from zenstrap.platforms.gcp.storage.state_lock import GcsStateLocks

    client, bucket, prefix = access.storage, config.state.bucket, state_prefix(config)
    return Stores(
        GcsLeaseStore(client, bucket, config.state.prefix),
        GcsOwnerStore(client, bucket, prefix, config.environment),
        GcsStateLocks(client, bucket, prefix),
    )


def state_address(config: GoogleEnvironment) -> str:
    """The state's place, without checking that it exists."""
    storage = GcsState(config.state.bucket, state_prefix(config), fetch=lambda name: None)
    return storage.place(config.environment)


def place_in_bucket(
    config: GoogleEnvironment,
    access: GoogleAccess,
    *,
    create: bool,
    before_create: Callable[[StatePlace], None] = lambda place: None,
) -> StatePlace:
    """Find the state bucket; create or adopt it if asked to.

    Args:
        create: create the bucket if it doesn't exist, or adopt the existing one. Otherwise nothing
            is written.
        before_create: receives the place without a bucket, and may raise.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: the bucket belongs to another user or project, is in another location,
            or Google refused the request.
    """
    from zenstrap.platforms.gcp.storage.objects import read_object, versions_of, write_object
    from zenstrap.platforms.gcp.storage.state_bucket import decide, ensure, look

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
    stores = stores_in(config, access)
    return StatePlace(
        GcsState(
            bucket=wanted.name,
            prefix=state_prefix(config),
            fetch=partial(read_object, access.storage, wanted.name),
            put=partial(write_object, access.storage, wanted.name),
            versions=partial(versions_of, access.storage, wanted.name),
        ),
        stores.leases,
        stores.owners,
        f"gs://{wanted.name} {done}",
        locks=stores.locks,
        changed=changed,
    )


def wanted_bucket(
    config: GoogleEnvironment, access: GoogleAccess, own: Project | None = None
) -> WantedBucket:
    """The state bucket as configured.

    Args:
        own: the environment's Google Cloud project, if it was looked up already.

    Raises:
        AuthenticationError, GoogleError: the bucket's project can't be looked up.
    """
    from zenstrap.platforms.gcp.api.resource_manager import get_project
    from zenstrap.platforms.gcp.storage.state_bucket import WantedBucket

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


def _without_bucket(config: GoogleEnvironment, wanted: WantedBucket) -> StatePlace:
    folder = paths.state_folder(config.environment)
    return StatePlace(
        LocalState(folder),
        FileLeaseStore(paths.leases_folder()),
        FileOwnerStore(folder, config.environment),
        f"gs://{wanted.name} doesn't exist yet",
        missing=True,
    )
