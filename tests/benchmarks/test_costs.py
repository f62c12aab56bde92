"""What zenstrap costs, as `python -m benchmarks` measures it. Seconds are never compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import (
    AGAIN,
    BY_HAND,
    FIRST_BY_HAND,
    FIRST_UP,
    FLOOR,
    HELPED,
    SHOWN,
    Round,
    measure,
)
from benchmarks.world import server_world, templates

# Requests to ZenML's server with one ML project. Fewer are welcome: then lower these.
MOST_ASKED = {FIRST_UP: 167, AGAIN: 84, SHOWN: 12, HELPED: 0}

# Processor time by that of another command in the same round, about two times what was measured.
MOST_TIMES = [
    (FIRST_UP, FIRST_BY_HAND, 2.0),
    (AGAIN, FLOOR, 2.5),
    (AGAIN, BY_HAND, 4.5),
    (SHOWN, FLOOR, 1.7),
    (HELPED, FLOOR, 0.1),
]


@pytest.mark.slow
def test_what_it_costs(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    made = templates(tmp_path / "templates")
    with server_world(tmp_path / "world", 1, made) as world:
        found = measure(world)
    asked = {command: len(found[command].asked) for command in MOST_ASKED}
    assert asked == {c: min(asked[c], most) for c, most in MOST_ASKED.items()}, _listed(found)
    times = {(a, b): found[a].cpu / found[b].cpu for a, b, _ in MOST_TIMES}
    assert times == {(a, b): min(times[a, b], most) for a, b, most in MOST_TIMES}


def _listed(found: Round) -> str:
    lines = (line for command in MOST_ASKED for line in (command, *found[command].asked))
    return "\n".join(lines)
