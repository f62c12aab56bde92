"""Adopts resources that remain in Google Cloud after an earlier ``down`` of the environment.

Google never deletes key rings and keys: Terraform would try to create them again and fail, so they
are imported. The name of a deleted workload identity pool is blocked for 30 days: the pool gets the
next name. It could be restored instead, but not by a plan, which must not change anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from zenstrap.config import GoogleEnvironment
from zenstrap.config.google import key_locations
from zenstrap.platforms.gcp import naming
from zenstrap.platforms.gcp.api.iam import Pool, Provider, get_pool, get_provider, pool_name
from zenstrap.platforms.gcp.api.kms import Key, get_key, has_key_ring, key_ring_name
from zenstrap.platforms.gcp.api.refusals import ApiDisabledError
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.api.unrecorded import Found, owner_in, variable_of
from zenstrap.platforms.gcp.errors import GoogleError

OURS: Final = "made by zenstrap"
"""Part of the description of every pool that zenstrap's module creates."""

_POOLS: Final = 99  # pool names that are tried; each is blocked for at most 30 days


@dataclass(frozen=True)
class FoundPool:
    """The existing pool and provider under one of the environment's pool names."""

    pool: Pool | None
    provider: Provider | None = None


@dataclass(frozen=True)
class PoolDecision:
    """Which pool is used.

    Attributes:
        pool, provider: full names of what is imported; None if nothing is.
        reasons: why it isn't a new pool of the first name, one sentence each.
    """

    pool_id: str
    pool: str | None = None
    provider: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adoption:
    """The value of the root module's variable ``adopt``, and the name of the pool.

    Attributes:
        key_rings, keys: full names by location in Cloud KMS.
        pool_id: None if the environment creates no pool.
        reasons: what is adopted and why, one sentence each.
        unrecorded: resources that a run created but couldn't record in the state.
    """

    key_rings: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    pool_id: str | None = None
    pool: str | None = None
    provider: str | None = None
    reasons: tuple[str, ...] = ()
    unrecorded: tuple[Found, ...] = ()

    def variable(self) -> dict[str, object]:
        """The value of the root's variable ``adopt``."""
        return {
            **variable_of(self.unrecorded),
            "key_rings": dict(self.key_rings),
            "keys": dict(self.keys),
            "workload_identity_pool": self.pool,
            "workload_identity_provider": self.provider,
        }


def find_adoptions(
    config: GoogleEnvironment,
    session: GoogleSession,
    in_state: Collection[str],
    *,
    provider_id: str,
    owner: str = "",
) -> Adoption:
    """Find the resources to adopt. Changes nothing.

    Args:
        in_state: the ids of the resources in Terraform's state, which need no adoption.
        provider_id: the name of the provider in its pool.
        owner: id of the environment's owner; another owner's pool is never adopted.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    rings, keys, reasons = _find_keys(config, session, in_state)
    if not makes_pool(config):
        return Adoption(rings, keys, reasons=reasons)
    decision = _find_pool(config, session, in_state, provider_id, owner)
    return Adoption(
        rings,
        keys,
        pool_id=decision.pool_id,
        pool=decision.pool,
        provider=decision.provider,
        reasons=(*reasons, *decision.reasons),
    )


def nothing_to_adopt(
    config: GoogleEnvironment, project: str, in_state: Collection[str]
) -> Adoption:
    """The adoption for a ``down``: none, with the pool's name as it is in the state."""
    if not makes_pool(config):
        return Adoption()
    return Adoption(pool_id=next(_pool_ids(config, project, in_state)))


def makes_pool(config: GoogleEnvironment) -> bool:
    """Whether zenstrap creates the environment's workload identity pool."""
    identity = config.auth.workload_identity
    keyless = config.auth.method == "external-account"
    return keyless and identity is not None and identity.provider is None


def keys_that_are_there(config: GoogleEnvironment, session: GoogleSession) -> tuple[str, ...]:
    """Full names of the existing encryption keys that zenstrap created for the environment.

    Raises:
        AuthenticationError, GoogleError: Google is out of reach, or refused the request.
    """
    ring_id = naming.key_ring_id(config.environment)
    names = [
        f"{key_ring_name(session.project, location, ring_id)}/cryptoKeys/{ring_id}"
        for location in sorted(made_key_locations(config))
    ]
    try:
        return tuple(name for name in names if get_key(session, name) is not None)
    except ApiDisabledError:
        return ()


def made_key_locations(config: GoogleEnvironment) -> frozenset[str]:
    """Locations in which zenstrap creates keys: in strict mode, where the user has none."""
    if not config.resilience.is_strict:
        return frozenset()
    return key_locations(config) - {key.split("/")[3] for key in config.gcp.kms_keys}


def decide_pool(
    found: Iterable[tuple[str, FoundPool]],
    *,
    project: str,
    source: str,
    provider_id: str,
    in_state: Collection[str],
    owner: str = "",
) -> PoolDecision:
    """The first of the environment's pools that can be used.

    Args:
        found: pool ids in the order in which they are tried, each with the existing pool; read no
            further than needed.
        source: type of the identity provider: oidc or aws.
        owner: id of the environment's owner. A pool without one predates owner ids.

    Raises:
        GoogleError: none of them can be used.
    """
    skipped: list[str] = []
    for pool_id, existing in found:
        name = pool_name(project, pool_id)
        if why := _unusable(existing, source, owner, managed=name in in_state):
            skipped.append(f"The pool {pool_id} is skipped: {why}.")
            continue
        provider_name = f"{name}/providers/{provider_id}"
        pool = None if existing.pool is None or name in in_state else name
        provider = None if existing.provider is None or provider_name in in_state else provider_name
        adopted = (f"The pool {pool_id} exists already and is adopted.",) if pool else ()
        return PoolDecision(pool_id, pool, provider, reasons=(*skipped, *adopted))
    raise GoogleError(
        "no name is free for the workload identity pool",
        where=f"project {project}",
        why=" ".join(skipped[-1:]),
        fix="Delete unused pools, or set auth.workload_identity.provider to one of your own",
    )


def _unusable(found: FoundPool, source: str, owner: str, *, managed: bool) -> str | None:
    if found.pool is None:
        return None
    owner_of_pool = owner_in(found.pool.description)
    if found.pool.deleted:
        return "it was deleted, and Google keeps its name for 30 days"
    if not managed and OURS not in found.pool.description:
        return "it exists already and wasn't created by zenstrap"
    if not managed and owner_of_pool not in (None, owner):
        return f"it exists already and belongs to owner {owner_of_pool}"
    if found.provider is not None and found.provider.deleted:
        return "its provider was deleted, and Google keeps that name for 30 days"
    if found.provider is not None and found.provider.source != source:
        return (
            f"its provider is of type {found.provider.source}, which can't be changed to {source}"
        )
    return None


def _find_pool(
    config: GoogleEnvironment,
    session: GoogleSession,
    in_state: Collection[str],
    provider_id: str,
    owner: str,
) -> PoolDecision:
    assert config.auth.workload_identity is not None
    source = "aws" if config.auth.workload_identity.aws_account else "oidc"
    project = session.project

    def existing(pool_id: str) -> FoundPool:
        name = pool_name(project, pool_id)
        pool = get_pool(session, name)
        if pool is None or pool.deleted:
            return FoundPool(pool)
        return FoundPool(pool, get_provider(session, f"{name}/providers/{provider_id}"))

    try:
        return decide_pool(
            ((pool_id, existing(pool_id)) for pool_id in _pool_ids(config, project, in_state)),
            project=project,
            source=source,
            provider_id=provider_id,
            in_state=in_state,
            owner=owner,
        )
    except ApiDisabledError:
        # Without the API there are no pools; Terraform enables it.
        return PoolDecision(naming.workload_identity_pool_id(config.environment))


def _pool_ids(config: GoogleEnvironment, project: str, in_state: Collection[str]) -> Iterator[str]:
    """Ids to try: from the highest in the state on; without one, from the first on."""
    pattern = re.compile(
        re.escape(pool_name(project, naming.workload_identity_pool_id(config.environment)))
        + r"(?:-([0-9]{1,3}))?"
    )
    numbers = [int(match[1] or 1) for name in in_state if (match := pattern.fullmatch(name))]
    first = max(numbers, default=1)
    for incarnation in range(first, min(first + _POOLS, 1000)):
        yield naming.workload_identity_pool_id(config.environment, incarnation)


def _find_keys(
    config: GoogleEnvironment, session: GoogleSession, in_state: Collection[str]
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    rings: dict[str, str] = {}
    keys: dict[str, str] = {}
    reasons = []
    ring_id = naming.key_ring_id(config.environment)
    for location in sorted(made_key_locations(config)):
        ring = key_ring_name(session.project, location, ring_id)
        key = f"{ring}/cryptoKeys/{ring_id}"
        if key in in_state and ring in in_state:
            continue
        try:
            if not has_key_ring(session, ring):
                continue
            existing = get_key(session, key)
        except ApiDisabledError:
            break  # without the API there are no keys; Terraform enables it
        _require_usable(existing)
        if ring not in in_state:
            rings[location] = ring
        if existing is not None and key not in in_state:
            keys[location] = key
        what = "key ring and the key" if existing is not None else "key ring"
        reasons.append(f"Adopted: the {what} {ring_id} in {location}, which existed already.")
    return rings, keys, tuple(reasons)


def _require_usable(key: Key | None) -> None:
    if key is None:
        return
    if key.purpose != "ENCRYPT_DECRYPT":
        raise GoogleError(
            "the existing encryption key can't be used by services",
            where=key.name,
            why=f"Its purpose is {key.purpose}, which can't be changed",
            fix="Set your own key for that location in gcp.kms_keys",
        )
    if key.state not in ("ENABLED", ""):
        raise GoogleError(
            "the existing encryption key can't be used",
            where=key.name,
            why=f"Its primary version is {key.state}",
            fix="Create a new version",
            command=f"gcloud kms keys versions create --key={key.name} --primary",
        )
