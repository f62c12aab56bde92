"""What all campaigns share: an injection is drawn from a seed, done, and judged."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.faults.stages import Life
from tests.faults.world import differences


@dataclass
class Result:
    """What came of an injection.

    Attributes:
        row: what it is counted as.
        told: what exactly was injected.
        hit: whether anything was still there to be hit.
        violations: what should not have come of it.
    """

    row: str
    told: str
    hit: bool = True
    violations: list[str] = field(default_factory=list)

    def require(self, holds: bool, otherwise: str) -> bool:
        if not holds:
            self.violations.append(otherwise)
        return holds


class Campaign(Protocol):
    """One kind of injections."""

    name: str

    def draw(self, chance: random.Random) -> Any:
        """What to inject; the same for the same seed."""

    def inject(self, drawn: Any) -> Result:
        """Do it on a world that is put back first, and judge what comes of it."""


def require_as_undisturbed(
    result: Result, life: Life, stage: str, parts: Collection[str] = ()
) -> None:
    """Look at the world, or at parts of it, and compare it with one to which nothing happened."""
    end, found = life.undisturbed[stage].end, life.world.look()
    for part in {*end, *found} - set(parts) if parts else ():
        end, found = _without(part, end), _without(part, found)
    result.violations += differences(end, found)


def _without(part: str, found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != part}


def repeat(result: Result, life: Life, stage: str) -> bool:
    """The same command again, as a user would do; it has to succeed."""
    try:
        ended = life.world.run(*life.words(stage))
    except TimeoutError as error:
        return result.require(False, f"the same command again: {error}")
    return result.require(
        ended.code == 0,
        f"the same command again ends with {ended.code}: {said(ended.err)}",
    )


def said(err: str) -> str:
    """The part of standard error that tells of a failure."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith(("Failed", "Error"))]
    return " ".join(lines[starts[-1] if starts else -4 :][:6])[:600]
