"""What an earlier life of an environment left in Google Cloud, and what becomes of it.

Google never deletes key rings and keys: Terraform would try to create them again and fail, so they
are imported. It keeps the name of a deleted workload identity pool for 30 days: the pool gets the
next name. It could be brought back instead, but not by a plan, which changes nothing.
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
"""What the description of a pool says that zenstrap's module made."""

_POOLS: Final = 99  # names that are tried; each is blocked for 30 days at most


@dataclass(frozen=True)
class FoundPool:
    """What is there under one of the environment's pool names."""

    pool: Pool | None
    provider: Provider | None = None


@dataclass(frozen=True)
class PoolDecision:
    """Which pool is used.

    Attributes:
        pool, provider: full names of what is imported; None where there is nothing to import.
        reasons: why it isn't simply the first name, one sentence each.
    """

    pool_id: str
    pool: str | None = None
    provider: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Adoption:
    """What the root's variable ``adopt`` gets, and the name of the pool.

    Attributes:
        key_rings, keys: full names by location in Cloud KMS.
        pool_id: None where the environment makes no pool.
        reasons: what is adopted and why, one sentence each.
        unrecorded: what a run made and could not write down.
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
    """Look for what is left of an earlier life; changes nothing.

    Args:
        in_state: the ids of what is in Terraform's state; that needs no adopting.
        provider_id: the name of the provider in its pool.
        owner: id of the environment's; a pool of another one is never taken over.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
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
    """For taking things away: what is in the state under the names that it has there."""
    if not makes_pool(config):
        return Adoption()
    return Adoption(pool_id=next(_pool_ids(config, project, in_state)))


def makes_pool(config: GoogleEnvironment) -> bool:
    """Whether the environment has a workload identity pool of its own."""
    identity = config.auth.workload_identity
    keyless = config.auth.method == "external-account"
    return keyless and identity is not None and identity.provider is None


def keys_that_are_there(config: GoogleEnvironment, session: GoogleSession) -> tuple[str, ...]:
    """Full names of the keys that zenstrap made for the environment, now or in an earlier life.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
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
    """Where zenstrap makes keys: what is needed in strict mode, without the user's own."""
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
        found: pool ids in the order in which they are tried, each with what is there; read no
            further than needed.
        source: whose identities are accepted: oidc or aws.
        owner: id of the environment's. A pool without one is of before there were ids.

    Raises:
        GoogleError: none of them can be used.
    """
    passed_over: list[str] = []
    for pool_id, one in found:
        name = pool_name(project, pool_id)
        if why := _unusable(one, source, owner, managed=name in in_state):
            passed_over.append(f"The pool {pool_id} is passed over: {why}.")
            continue
        provider_name = f"{name}/providers/{provider_id}"
        pool = None if one.pool is None or name in in_state else name
        provider = None if one.provider is None or provider_name in in_state else provider_name
        adopted = (f"The pool {pool_id} is there already and is adopted.",) if pool else ()
        return PoolDecision(pool_id, pool, provider, reasons=(*passed_over, *adopted))
    raise GoogleError(
        "there is no free name for the workload identity pool",
        where=f"project {project}",
        why=" ".join(passed_over[-1:]),
        fix="Delete pools that nobody needs, or set auth.workload_identity.provider to one of "
        "your own",
    )


def _unusable(found: FoundPool, source: str, owner: str, *, managed: bool) -> str | None:
    if found.pool is None:
        return None
    theirs = owner_in(found.pool.description)
    if found.pool.deleted:
        return "it was deleted, and Google keeps its name for 30 days"
    if not managed and OURS not in found.pool.description:
        return "it is there already and is not zenstrap's"
    if not managed and theirs not in (None, owner):
        return f"it is there already and belongs to owner {theirs}"
    if found.provider is not None and found.provider.deleted:
        return "its provider was deleted, and Google keeps that name for 30 days"
    if found.provider is not None and found.provider.source != source:
        return (
            f"its provider takes identities from {found.provider.source}, which can't be changed "
            f"to {source}"
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

    def look(pool_id: str) -> FoundPool:
        name = pool_name(project, pool_id)
        pool = get_pool(session, name)
        if pool is None or pool.deleted:
            return FoundPool(pool)
        return FoundPool(pool, get_provider(session, f"{name}/providers/{provider_id}"))

    try:
        return decide_pool(
            ((pool_id, look(pool_id)) for pool_id in _pool_ids(config, project, in_state)),
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
    """The one in the state first, then those after it; without one, from the first on."""
    pattern = re.compile(
        re.escape(pool_name(project, naming.workload_identity_pool_id(config.environment)))
        + r"(?:-([0-9]{1,3}))?"
    )
    held = [int(match[1] or 1) for one in in_state if (match := pattern.fullmatch(one))]
    first = max(held, default=1)
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
            there = get_key(session, key)
        except ApiDisabledError:
            break  # without the API there are no keys; Terraform enables it
        _require_usable(there)
        if ring not in in_state:
            rings[location] = ring
        if there is not None and key not in in_state:
            keys[location] = key
        what = "key ring and the key" if there is not None else "key ring"
        reasons.append(f"Adopted from an earlier life: the {what} {ring_id} in {location}.")
    return rings, keys, tuple(reasons)


def _require_usable(key: Key | None) -> None:
    if key is None:
        return
    if key.purpose != "ENCRYPT_DECRYPT":
        raise GoogleError(
            "the encryption key that is there is no key for services",
            where=key.name,
            why=f"Its purpose is {key.purpose}, which can't be changed",
            fix="Name a key of your own for that location in gcp.kms_keys",
        )
    if key.state not in ("ENABLED", ""):
        raise GoogleError(
            "the encryption key that is there can't be used",
            where=key.name,
            why=f"Its primary version is {key.state}",
            fix="Make a new version",
            command=f"gcloud kms keys versions create --key={key.name} --primary",
        )
