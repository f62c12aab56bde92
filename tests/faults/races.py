"""Several runs on one environment at once: one works, the others are turned away."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from tests.faults.campaign import Result, repeat, require_as_undisturbed, said
from tests.faults.stages import Life
from tests.faults.world import LIMIT

_HELD: Final = 4  # exit code: another run has the environment's lease
# Who runs at once: the stage at which they begin, then their stages; see `Life.words`.
_RACES: Final = {
    "2 up at once, on nothing": ("up", ("up", "up")),
    "5 up at once, on nothing": ("up", ("up",) * 5),
    "2 up at once, to a new version": ("upgrade", ("upgrade", "upgrade")),
    "up and down at once": ("down", ("again", "down")),
    "down and down at once": ("down", ("down", "down")),
    "rollback and up at once": ("rollback", ("rollback", "upgrade")),
}


@dataclass(frozen=True)
class Race:
    """The second and further runs start at a share of the first one's time."""

    name: str
    late: float


class Races:
    def __init__(self, life: Life) -> None:
        self.name = f"{life.world.name}-races"
        self._life = life

    def draw(self, chance: random.Random) -> Race:
        return Race(chance.choice(sorted(_RACES)), chance.choice((0.0, 0.0, chance.random())))

    def inject(self, drawn: Race) -> Result:
        result = Result(drawn.name, f"{drawn.name}, the others after {drawn.late:.0%} of the time")
        life, world = self._life, self._life.world
        begin, stages = _RACES[drawn.name]
        world.put_back(begin)
        children = [world.start(life.words(stages[0]))]
        children[0].wait(drawn.late * life.undisturbed[stages[0]].seconds)
        children += [world.start(life.words(stage)) for stage in stages[1:]]
        done = []
        for stage, child in zip(stages, children, strict=True):
            ended = child.ended(LIMIT)
            if result.require(ended is not None, f"{stage} hangs") and ended is not None:
                result.require(
                    ended.code in (0, _HELD), f"{stage} ends with {ended.code}: {said(ended.err)}"
                )
                done += [stage] if ended.code == 0 else []
        result.require(bool(done), "nobody gets through")
        # Whoever came last had the last word; it is said again where several got through.
        last = done[-1] if done else stages[0]
        if len(set(done)) != 1 and last != "rollback":
            repeat(result, life, last)
        if len(set(done)) == 1 or last != "rollback":
            require_as_undisturbed(result, life, "upgrade" if last == "again" else last)
        return result
