"""Which registrations are an environment's own, and its owner's."""

from __future__ import annotations

import pytest

from zenstrap.registry.model import ActualRegistry, ActualStack

MINE = "0123456789ab"
OURS = {"managed_by": "zenstrap", "environment": "local", "zenstrap_owner": MINE, "run": "r1"}
UNMARKED = {name: value for name, value in OURS.items() if name != "zenstrap_owner"}


def registry(owner: str | None, unmarked: bool, labels: dict[str, str]) -> ActualRegistry:
    stack = ActualStack(id="1", name="zenml-local", components={}, labels=labels)
    stacks = {"zenml-local": stack}
    return ActualRegistry("local", {}, stacks, owner=owner, unmarked=unmarked)


@pytest.mark.parametrize(
    ("labels", "owner", "unmarked", "is_ours"),
    [
        (OURS, MINE, True, True),
        (OURS, None, True, True),  # of whoever's is asked
        (OURS, "ba9876543210", True, False),
        (OURS, "", True, False),  # nobody has an id yet
        (UNMARKED, MINE, True, True),
        (UNMARKED, MINE, False, False),
        (UNMARKED, "", False, False),
        # Somebody's own, or another environment's, whoever is asked.
        ({}, MINE, True, False),
        ({}, None, True, False),
        (OURS | {"managed_by": "terraform"}, MINE, True, False),
        (OURS | {"environment": "dev"}, MINE, True, False),
        (OURS | {"environment": "dev"}, None, True, False),
    ],
)
def test_what_is_ours(
    labels: dict[str, str], owner: str | None, unmarked: bool, is_ours: bool
) -> None:
    actual = registry(owner, unmarked, labels)
    assert actual.is_ours(labels) is is_ours
    assert bool(actual.our_stacks) is is_ours


@pytest.mark.parametrize(
    ("labels", "owner", "runs"),
    [(OURS, MINE, set()), (OURS, "ba9876543210", {"r1"}), ({"run": "r1"}, MINE, set())],
)
def test_the_runs_of_others(labels: dict[str, str], owner: str, runs: set[str]) -> None:
    assert registry(owner, True, labels).runs_of_others == runs
