"""What is told of a run whose smoke test failed: what it changed under those who are current."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.registry.google import configured
from tests.registry.model_registry import ModelRegistry, up
from tests.registry.samples import stack
from zenstrap.lifecycle.succession import changes_visible_to
from zenstrap.platforms import platform_of
from zenstrap.registry.diff import diff
from zenstrap.registry.model import DesiredRegistry
from zenstrap.reports import PlanReport
from zenstrap.terraform.plan import Plan, ResourceChange

STORE = "zenml-test-artifact-store-v1.0.0"
BY_KEY = "zenml-test-service-account-connector"


def wanted(path: str, method: str, key: str = "first", version: str = "1.0.0") -> DesiredRegistry:
    return DesiredRegistry("test", (stack(version, None, path, method, key),))


def told(before: DesiredRegistry, after: DesiredRegistry, *taken: str) -> tuple[str, ...]:
    """What a failed run says that it changed; ``taken``: Terraform's types that it destroyed."""
    registry = ModelRegistry("test")
    up(registry, before, frozenset())
    planned = diff(after, registry.actual(), immutable_versions=False)
    up(registry, after, frozenset({None}))
    changes = tuple(ResourceChange(address=f"{t}.x", type=t, action="destroy") for t in taken)
    plan = PlanReport(
        environment="test",
        direction="up",
        infrastructure=Plan(changes=changes, outputs={}, terraform_version="1", digest="d"),
        registrations=planned,
        digest="d",
    )
    platform = platform_of(configured("prod"))
    return changes_visible_to(["zenml-test"], platform, plan, after, registry.actual())


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (wanted("/a", "implicit"), ()),  # the link went back
        (wanted("/b", "service-account"), (STORE,)),
        (wanted("/b", "implicit"), (STORE,)),
        (wanted("/a", "service-account", key="second"), (BY_KEY,)),
        (wanted("/b", "implicit", version="1.1.0"), ()),  # kept apart
    ],
)
def test_what_current_stacks_use_and_the_run_changed_is_told(
    after: DesiredRegistry, changed: tuple[str, ...]
) -> None:
    assert told(wanted("/a", "service-account"), after) == changed


def test_a_connector_that_was_cut_off_is_told() -> None:
    before = wanted("/a", "implicit")
    (one,) = before.stacks
    store = one.components["artifact_store"]
    assert store.connector is not None
    name = "zenml-test-impersonation-connector"
    link = replace(store.connector, name=name, method="impersonation")
    parts = {**one.components, "artifact_store": replace(store, connector=link)}
    earlier = DesiredRegistry("test", (replace(one, components=parts),))
    assert told(earlier, before, "google_service_account_iam_member") == (name,)
    assert told(earlier, before) == ()
