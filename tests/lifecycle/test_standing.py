"""What current versions stand on: which destroyed resources count, and under whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.registry.google import configured, outputs_of
from tests.registry.model_registry import ModelRegistry, up
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle.standing import losses
from zenstrap.platforms import platform_of
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.model import DesiredRegistry
from zenstrap.terraform.plan import Plan, ResourceChange

PROJECT = 'module.ml_projects["fraud_detection"].'
REGISTRY = "module.stack.module.container_registry[0].google_artifact_registry_repository.this"
TRACKER = 'module.stack.module.experiment_tracker[0].google_project_iam_member.this["vertex"]'
ROLE = 'module.stack.module.identity.google_project_iam_member.roles["{}"]'
KEY = "module.stack.module.identity.google_service_account_key.this[0]"
POOL = "module.workload_identity[0].google_iam_workload_identity_pool_provider.this[0]"
IMPERSONATOR = "module.stack.module.identity.google_service_account_iam_member.impersonator[0]"
BUCKET = "module.artifact_store.google_storage_bucket.this"

BASE, FRAUD = "zenml-prod 1.2.0", "zenml-prod-fraud-detection 1.1.0"


def prod(**changes: Any) -> EnvironmentConfig:
    return configured("prod", ml_projects={}, **changes)


def wanted(config: EnvironmentConfig) -> DesiredRegistry:
    return desired_registry(config, platform_of(config).registrations(outputs_of(config), {}))


def under(
    address: str,
    now: EnvironmentConfig,
    then: EnvironmentConfig,
    *,
    action: str = "destroy",
    vanished: bool = False,
) -> tuple[str, ...]:
    """Under which stacks a resource is destroyed, when one configuration follows another."""
    registry = ModelRegistry("prod")
    up(registry, wanted(now), frozenset())
    type_ = address.rpartition(".google_")[2].partition(".")[0]
    change = ResourceChange(
        address=address,
        type=f"google_{type_}",
        action=action,  # type: ignore[arg-type]
        vanished=vanished,
    )
    plan = Plan(changes=(change,), outputs={}, terraform_version="1", digest="d")
    found = losses(platform_of(then), plan, wanted(then), registry.actual())
    return found[0].under if found else ()


SAME = prod()
NEXT = prod(stack__version="1.3.0", stack__components__container_registry__version="1.1.0")
NO_TRACKER = prod(stack__components__experiment_tracker=None)


@pytest.mark.parametrize("address", [REGISTRY, BUCKET, ROLE.format("cloud_build")])
def test_what_the_next_version_drops(address: str) -> None:
    assert under(address, SAME, NEXT) == (BASE,)
    assert under(address, SAME, NEXT, vanished=True) == ()
    assert under(address, SAME, NEXT, action="create") == ()


@pytest.mark.parametrize("address", [REGISTRY, BUCKET, KEY, POOL, TRACKER])
def test_what_is_replaced_counts_though_the_version_stays(address: str) -> None:
    assert under(address, SAME, SAME, action="replace") == (BASE,)


def test_what_a_candidate_had_that_was_given_up() -> None:
    """The configuration is back at what is current: it needs none of it."""
    assert under(REGISTRY, SAME, SAME) == ()
    # And where it goes on to another version: of a kind, and by a flavor, that is not current.
    assert under(TRACKER, NO_TRACKER, NEXT) == ()
    assert under(ROLE.format("kubernetes"), SAME, NEXT) == ()
    assert under(ROLE.format("vertex"), SAME, NEXT) == (BASE,)
    no_deployer = prod(stack__components__deployer=None)
    for role in ("cloud_run", "secret_user", "secret_creator"):
        assert under(ROLE.format(role), no_deployer, NEXT) == ()
        assert under(ROLE.format(role), SAME, NEXT) == (BASE,)
    assert under(ROLE.format("skypilot"), SAME, NEXT) == ()


def test_what_lets_a_connector_in_counts_as_long_as_a_current_stack_has_the_connector() -> None:
    keyed = prod(
        auth={"method": "service-account"},
        resilience__compliance_mode="standard",
        throwaway=True,
        protection__allow_destroy=True,
    )
    for config, mine, others in ((SAME, POOL, (KEY, IMPERSONATOR)), (keyed, KEY, (POOL,))):
        assert under(mine, config, config) == (BASE,)
        for address in others:
            assert under(address, config, NEXT) == ()


def test_each_owner_stands_on_its_own_and_on_what_is_shared() -> None:
    both = configured("prod")
    dropped = prod()
    assert under(f"{PROJECT}{REGISTRY}", both, dropped) == (FRAUD,)
    assert under(REGISTRY, both, dropped) == ()
    shared = under(BUCKET, both, dropped)
    assert FRAUD in shared and BASE not in shared  # the base stack stays as it is
    assert under(f"{PROJECT}{REGISTRY}", dropped, both) == ()  # it was never current
