"""A run is killed or told to stop, at any of its writes or at any moment; then it is repeated."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import dataclass
from typing import Final

import psutil

from tests.faults.campaign import Result, repeat, require_as_undisturbed, said
from tests.faults.child import Child, Ended, Hit
from tests.faults.stages import Life
from tests.faults.world import LIMIT, rolled_back

ACTIONS: Final = ("KILL", "KILL", "KILL", "GROUP", "INT", "TWICE", "TERM", "HUP")
STOPPED: Final = 130
_FOREIGN: Final = ("local_stores", "artifacts/")  # ZenML's own files: no write of zenstrap's


@dataclass(frozen=True)
class Kill:
    """Where which run is hit.

    Attributes:
        hits: one after the other, before the run is repeated undisturbed.
        moments: instead of points: shares of the undisturbed run's time.
        terraform: instead of either: only the Terraform that is started as this many-th is killed.
    """

    stage: str
    hits: tuple[Hit, ...] = ()
    moments: tuple[tuple[str, float], ...] = ()
    terraform: int | None = None

    @property
    def row(self) -> str:
        if self.terraform is not None:
            return f"{self.stage}: Terraform is killed"
        if self.moments:
            return f"{self.stage}: {self.moments[0][0]} at any moment"
        return f"{self.stage}: {self.hits[0].action} around a write"

    @property
    def told(self) -> str:
        if self.terraform is not None:
            return f"{self.stage}: Terraform number {self.terraform} is killed"
        hits = [f"{one.action} {one.point[0]} ({one.point[1]})" for one in self.hits]
        moments = [f"{action} after {share:.0%} of the time" for action, share in self.moments]
        return f"{self.stage}: {', then '.join(hits + moments)}"


class Kills:
    def __init__(self, life: Life) -> None:
        self.name = f"{life.world.name}-kills"
        self._life = life

    def draw(self, chance: random.Random) -> Kill:
        stage = chance.choice(list(self._life.undisturbed))
        how = chance.random()
        if how < 0.1 and self._life.world.name == "local":  # GoogleKills does it where it matters
            return Kill(stage, terraform=chance.randrange(1, 8))
        action = chance.choice(ACTIONS)
        if how < 0.3:
            return Kill(stage, moments=((action, chance.uniform(0.02, 1.0)),))
        hits = [Hit(action, self._point(stage, chance))]
        if chance.random() < 0.15:
            hits.append(Hit("KILL", self._point(stage, chance)))
        return Kill(stage, hits=tuple(hits))

    def _point(self, stage: str, chance: random.Random) -> tuple[str, int]:
        """Rare writes as often as frequent ones."""
        points = self._life.undisturbed[stage].points
        names = sorted({name for name, _ in points if not any(f in name for f in _FOREIGN)})
        name = chance.choice(names)
        return name, chance.choice([number for found, number in points if found == name])

    def inject(self, drawn: Kill) -> Result:
        result = Result(drawn.row, drawn.told, hit=False)
        world = self._life.world
        world.put_back(drawn.stage)
        ended: Ended | None = None
        for hit in drawn.hits:
            child = world.start(self._life.words(drawn.stage), hit)
            ended = self._judged(result, child, hit.action)
            if ended is None or ended.code == 0:
                break
            result.hit |= ended.hit
        for action, share in drawn.moments:
            child = world.start(self._life.words(drawn.stage))
            if not child.wait(share * self._life.undisturbed[drawn.stage].seconds):
                result.hit = True
                send(child.pid, action)
            ended = self._judged(result, child, action)
        if drawn.terraform is not None:
            child = world.start(self._life.words(drawn.stage))
            result.hit = kill_terraform(child, drawn.terraform)
            ended = self._judged(result, child, "TERRAFORM")
        if drawn.stage == "rollback" and rolled_back(world.database):
            # It was done, and hit before it could say so. The next one would be another one: a
            # limit that docs/guarantees.md names.
            require_as_undisturbed(result, self._life, drawn.stage, ("stacks", "components"))
            return result
        if result.violations or (ended is not None and ended.code == 0):
            pass
        elif not repeat(result, self._life, drawn.stage):
            return result
        require_as_undisturbed(result, self._life, drawn.stage)
        return result

    def _judged(self, result: Result, child: Child, action: str) -> Ended | None:
        """How it ended, which must be as the action wants it."""
        ended = child.ended(LIMIT)
        if ended is None:
            result.violations.append(f"it hangs after {action}")
        elif action in ("KILL", "GROUP"):
            result.require(ended.code in (-signal.SIGKILL, 0), f"it ends with {ended.code}")
        elif action == "TERRAFORM":
            result.require("This is a bug" not in ended.err, f"no known failure: {said(ended.err)}")
        else:
            result.require(
                ended.code in (STOPPED, 0),
                f"{action} ends it with {ended.code} instead of {STOPPED}: {said(ended.err)}",
            )
            # Sent while it wrote, so it was there to hear.
            result.require(not ended.hit or "Interrupted" in ended.err, f"{action} goes unheard")
            result.require("Traceback" not in ended.err, f"a traceback: {said(ended.err)}")
        return ended


def send(pid: int, action: str) -> None:
    if action == "GROUP":
        for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
    elif action == "TWICE":
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGINT)
    else:
        os.kill(pid, getattr(signal, f"SIG{action}"))


def kill_terraform(child: Child, number: int) -> bool:
    """Kill the Terraform that a run starts as this many-th; whether there was one."""
    seen: set[int] = set()
    while not child.wait(0.005):
        for process in psutil.Process(child.pid).children(recursive=True):
            try:
                if process.pid in seen or process.name() != "terraform":
                    continue
                seen.add(process.pid)
                if len(seen) == number:
                    process.kill()
                    return True
            except psutil.NoSuchProcess:
                continue
    return False
