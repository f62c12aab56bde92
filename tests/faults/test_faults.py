"""The short part: some dozens of injections with seeds that stay the same. See README.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults import disk
from tests.faults.command import Worlds, injected
from tests.faults.expected import sort_out

# By world and campaign, the numbers of its injections.
SEEDS = {
    "local": {
        "local-kills": range(7),
        "local-races": range(1),
        "local-damage": range(7),
        "local-disk": range(1, 2),
    },
    "google": {"google-asked": range(4)},
    "server": {"server-outages": range(5)},
}


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    with ExitStack() as stack:
        yield Worlds(stack)


@pytest.mark.slow
@pytest.mark.parametrize("world", SEEDS)
def test_every_run_that_is_repeated_ends_as_if_nothing_had_happened(
    worlds: Worlds, world: str
) -> None:
    results = [
        injected(worlds, (name, number))
        for name, numbers in SEEDS[world].items()
        if name != "local-disk" or not disk.unusable()
        for number in numbers
    ]
    unexpected, in_vain = sort_out(results)
    assert [f"{result.told}: {violation}" for result, violation in unexpected] == []
    assert in_vain == []
    # It is no proof where nothing was hit.
    assert sum(result.hit for result in results) > len(results) / 2
