"""What is done to an environment in its life, and how each of that ends undisturbed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.environments import only_base, with_version
from tests.faults.points import Point
from tests.faults.world import World

# In the order in which they come; each begins where the one before it ended, see `prepare`.
STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "up": ("up",),
    "again": ("up",),
    "upgrade": ("up",),
    "rollback": ("rollback",),
    "down": ("down", "--yes"),
}


Change = Callable[[dict[str, Any]], None]  # of an environment's file
_UPGRADE: Final[Change] = with_version("1.1.0", "1.1.0")


@dataclass(frozen=True)
class Undisturbed:
    """How a stage goes when nothing happens to it.

    Attributes:
        points: where it can be hit.
        end: what there is afterwards.
        seconds: how long it took.
    """

    points: tuple[Point, ...]
    end: dict[str, Any]
    seconds: float


class Life:
    """A world that is kept before each of its stages.

    Args:
        upgrade: changes the environment's file, so that there is something to bring up.
    """

    def __init__(
        self,
        world: World,
        upgrade: Change = _UPGRADE,
        begin: Change = only_base,
    ) -> None:
        self.world = world
        self._upgrade = upgrade
        self._begin = begin
        self.undisturbed: dict[str, Undisturbed] = {}

    def words(self, stage: str) -> tuple[str, ...]:
        verb, *rest = STAGES[stage]
        return (verb, "--env", self.world.environment, *rest)

    def prepare(self, *stages: str) -> None:
        """Go once through these stages, or through all of them; the first is always `up`."""
        file = f"environments/{self.world.environment}.yaml"
        self.world.home.edit(file, self._begin)
        for name in stages or STAGES:
            if name == "upgrade":
                self.world.home.edit(file, self._upgrade)
            if name == "down" and "rollback" in self.undisturbed:
                self.world.put_back("rollback")  # both begin where the upgrade ended
            self._go_through(name)

    def _go_through(self, name: str) -> None:
        self.world.keep(name)
        started = time.monotonic()
        ended = self.world.run(*self.words(name))
        if ended.code != 0:
            raise RuntimeError(f"{name} ends with {ended.code} undisturbed:\n{ended.err}")
        seconds = time.monotonic() - started
        self.undisturbed[name] = Undisturbed(ended.points, self.world.look(), seconds)
