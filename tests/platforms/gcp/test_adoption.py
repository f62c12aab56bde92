"""What an earlier life left behind: decided purely, looked up by REST."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.gcp.api.stub import Reply, Request, Stub, refusal
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.platforms.gcp import naming
from zenstrap.platforms.gcp.adoption import (
    OURS,
    FoundPool,
    decide_pool,
    find_adoptions,
    made_key_locations,
)
from zenstrap.platforms.gcp.api.iam import Pool, Provider, pool_name
from zenstrap.platforms.gcp.api.session import GoogleSession
from zenstrap.platforms.gcp.errors import GoogleError

PROJECT = "acme-ml-dev"  # the session's
NUMBER = 111111111111
POOLS = f"/v1/projects/{PROJECT}/locations/global/workloadIdentityPools"
MISSING = refusal(404, "Requested entity was not found.", code="NOT_FOUND")


@pytest.fixture
def prod() -> EnvironmentConfig:
    return load_environment("prod")


def found(
    number: int,
    *,
    there: bool = True,
    ours: bool = True,
    owner: str = "",
    deleted: bool = False,
    source: str | None = "oidc",
    provider_deleted: bool = False,
) -> tuple[str, FoundPool]:
    pool_id = naming.workload_identity_pool_id("prod", number)
    if not there:
        return pool_id, FoundPool(None)
    name = pool_name(PROJECT, pool_id)
    provider = Provider(f"{name}/providers/zenml", source, provider_deleted) if source else None
    description = f"{OURS}, owner {owner}." if owner else OURS
    return pool_id, FoundPool(Pool(name, description if ours else "Ada's", deleted), provider)


def decide(*pools: tuple[str, FoundPool], in_state: tuple[str, ...] = ()) -> Any:
    return decide_pool(
        pools,
        project=PROJECT,
        source="oidc",
        provider_id="zenml",
        in_state=in_state,
        owner=OWNER,
    )


OWNER, OTHER = "0123456789ab", "ba9876543210"
FIRST = pool_name(PROJECT, "zenml-prod")


def test_a_free_name_is_used_without_a_word() -> None:
    decision = decide(found(1, there=False))
    assert (decision.pool_id, decision.pool) == ("zenml-prod", None)
    assert decision.reasons == ()


def test_what_is_in_the_state_needs_no_adopting() -> None:
    decision = decide(found(1), in_state=(FIRST, f"{FIRST}/providers/zenml"))
    assert (decision.pool, decision.provider) == (None, None)


def test_a_pool_that_was_left_over_is_imported_with_its_provider() -> None:
    decision = decide(found(1))
    assert (decision.pool, decision.provider) == (FIRST, f"{FIRST}/providers/zenml")
    assert decide(found(1, source=None)).provider is None
    assert decide(found(1, owner=OWNER)).pool == FIRST


@pytest.mark.parametrize(
    "taken",
    [
        found(1, ours=False),
        found(1, owner=OTHER),
        found(1, ours=False, deleted=True),
        found(1, source="aws"),
        found(1, deleted=True),
        found(1, provider_deleted=True),
    ],
)
def test_what_can_not_be_taken_over_gives_way_to_the_next_name(
    taken: tuple[str, FoundPool],
) -> None:
    decision = decide(taken, found(2, there=False))
    assert decision.pool_id == "zenml-prod-2"
    assert "zenml-prod is skipped" in decision.reasons[0]


pools = st.builds(
    found,
    st.just(1),
    there=st.booleans(),
    ours=st.booleans(),
    owner=st.sampled_from(["", OWNER, OTHER]),
    deleted=st.booleans(),
    source=st.sampled_from(["oidc", "aws", None]),
    provider_deleted=st.booleans(),
)


@given(drawn=st.lists(pools, min_size=1, max_size=5))
def test_nothing_of_somebody_elses_is_touched(drawn: list[tuple[str, FoundPool]]) -> None:
    numbered = [
        (naming.workload_identity_pool_id("prod", number), one)
        for number, (_, one) in enumerate(drawn, 1)
    ]
    ids = dict(numbered)
    try:
        decision = decide(*numbered)
    except GoogleError as error:
        assert error.fix
        return
    chosen = ids[decision.pool_id]
    touched = decision.pool or decision.provider
    assert not touched or (chosen.pool is not None and OURS in chosen.pool.description)
    assert not touched or (chosen.pool is not None and OTHER not in chosen.pool.description)
    assert bool(touched) == (chosen.pool is not None)
    assert chosen.pool is None or not chosen.pool.deleted


class Pools:
    """Google's pools, as far as they are read."""

    def __init__(self, **pools: dict[str, Any]) -> None:
        self.held = {name.replace("_", "-"): pool for name, pool in pools.items()}

    def __call__(self, request: Request) -> Reply:
        name = request.path.removeprefix(POOLS).strip("/")
        if name not in self.held:
            return MISSING
        full = f"projects/{NUMBER}/locations/global/workloadIdentityPools/{name}"
        return Reply(200, {"name": full, "state": "ACTIVE", **self.held[name]})


def adoptions(config: EnvironmentConfig, session: GoogleSession, *in_state: str) -> Any:
    return find_adoptions(config, session, in_state, provider_id="zenml")


def test_a_deleted_pool_gives_way_to_the_next_name_and_nothing_is_written(
    prod: EnvironmentConfig, session: GoogleSession, stub: Stub
) -> None:
    stub.otherwise = Pools(zenml_prod={"description": f"x {OURS}.", "state": "DELETED"})
    found = adoptions(prod, session)
    assert (found.pool_id, found.pool) == ("zenml-prod-2", None)
    assert "30 days" in found.reasons[0]
    assert {line.partition(" ")[0] for line in stub.lines} == {"GET"}


def test_the_pool_in_the_state_keeps_its_name(
    prod: EnvironmentConfig, session: GoogleSession, stub: Stub
) -> None:
    stub.otherwise = Pools(zenml_prod={"description": "Ada's"}, zenml_prod_3={"description": OURS})
    in_state = pool_name(PROJECT, "zenml-prod-3")
    assert adoptions(prod, session, in_state).pool_id == "zenml-prod-3"
    assert f"GET {POOLS}/zenml-prod" not in stub.lines
    # A longer name that begins like ours is another environment's.
    assert adoptions(prod, session, f"{FIRST}2-7").pool_id == "zenml-prod-2"


def test_keys_of_an_earlier_life_are_adopted_where_zenstrap_makes_keys(
    prod: EnvironmentConfig, session: GoogleSession, stub: Stub
) -> None:
    assert made_key_locations(prod) == {"europe", "europe-west1"}
    rings = f"/v1/projects/{PROJECT}/locations"
    ring = "keyRings/zenml-prod"
    stub.on(f"GET {rings}/europe/{ring}", Reply(200, {"name": "x"}))
    stub.on(
        f"GET {rings}/europe/{ring}/cryptoKeys/zenml-prod",
        Reply(200, {"purpose": "ENCRYPT_DECRYPT", "primary": {"state": "ENABLED"}}),
    )
    stub.on(f"GET {rings}/europe-west1/{ring}", Reply(200, {"name": "x"}))
    found = adoptions(prod, session)
    europe = f"projects/{PROJECT}/locations/europe/{ring}"
    assert found.keys == {"europe": f"{europe}/cryptoKeys/zenml-prod"}
    assert found.key_rings.keys() == {"europe", "europe-west1"}
    assert len(found.reasons) == 2

    there = adoptions(prod, session, europe, f"{europe}/cryptoKeys/zenml-prod")
    assert there.keys == {} and there.key_rings.keys() == {"europe-west1"}


@pytest.mark.parametrize(
    "key",
    [
        {"purpose": "ASYMMETRIC_SIGN"},
        {"purpose": "ENCRYPT_DECRYPT", "primary": {"state": "DESTROY_SCHEDULED"}},
    ],
)
def test_a_key_that_services_can_not_use_is_told_before_terraform_fails_on_it(
    key: dict[str, Any], prod: EnvironmentConfig, session: GoogleSession, stub: Stub
) -> None:
    ring = f"/v1/projects/{PROJECT}/locations/europe/keyRings/zenml-prod"
    stub.on(f"GET {ring}", Reply(200, {"name": "x"}))
    stub.on(f"GET {ring}/cryptoKeys/zenml-prod", Reply(200, key))
    with pytest.raises(GoogleError) as caught:
        adoptions(prod, session)
    assert caught.value.fix and "europe" in (caught.value.where or "")


def test_in_a_new_project_no_api_is_enabled_and_nothing_is_left_over(
    prod: EnvironmentConfig, session: GoogleSession, stub: Stub
) -> None:
    stub.otherwise = refusal(
        403,
        "Identity and Access Management (IAM) API has not been used in project 111111111111 "
        "before or it is disabled.",
        code="PERMISSION_DENIED",
        reason="SERVICE_DISABLED",
        service="iam.googleapis.com",
    )
    found = adoptions(prod, session)
    assert found.pool_id == "zenml-prod"
    assert found.variable() == {
        "key_rings": {},
        "keys": {},
        "workload_identity_pool": None,
        "workload_identity_provider": None,
    }


def test_an_environment_without_pool_and_keys_asks_nobody(
    session: GoogleSession, stub: Stub
) -> None:
    assert adoptions(load_environment("dev"), session).pool_id is None
    assert stub.requests == []
