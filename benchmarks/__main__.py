"""Measure zenstrap.

    python -m benchmarks [--rounds N] [--projects 1,10,40] [--latency 0,50] [--json FILE]

Each round makes a new environment and goes through all commands, one after the other. What else
the machine does is in the seconds, so what counts are ratios within one round. Requests are those
to ZenML's server; they are the same in each round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks.world import HELP, STATUS, UP, Took, World, local_world, server_world, templates

FLOOR, FIRST_BY_HAND, BY_HAND = "floor", "by hand, first", "by hand, again"
FIRST_UP, AGAIN, SHOWN, HELPED = "up, first", "up, no change", "status", "--help"
# What each command is compared with, beside the floor.
SAME_BY_HAND = {FIRST_UP: FIRST_BY_HAND, AGAIN: BY_HAND}

Round = dict[str, Took]


def measure(world: World) -> Round:
    """All commands once, on an environment that isn't there yet."""
    found = {FIRST_BY_HAND: world.by_hand()}
    world.floor()  # ZenML learns its pipeline, as it has learnt zenstrap's by the second `up`
    found[FIRST_UP] = world.python(*UP)
    found[BY_HAND] = world.by_hand()
    found[AGAIN] = world.python(*UP)
    found[FLOOR] = world.floor()
    found[SHOWN] = world.python(*STATUS)
    found[HELPED] = world.python(*HELP)
    return found


def ratios(rounds: list[Round], command: str, base: str, *, cpu: bool = False) -> str:
    """The median of a command's seconds by another's, and the least and the most.

    Args:
        cpu: of the processors' seconds; a busy machine changes little in these.
    """

    def took(one: Took) -> float:
        return one.cpu if cpu else one.seconds

    found = [took(one[command]) / took(one[base]) for one in rounds]
    return f"{statistics.median(found):.2f} ({min(found):.2f}-{max(found):.2f})"


def table(rounds: list[Round]) -> Iterator[str]:
    """What there is to tell of some rounds in one kind of world."""
    heads = ("x floor", "x floor, cpu", "x by hand", "x by hand, cpu")
    yield _line("", "seconds", "requests", heads)
    for command in rounds[0]:
        seconds = statistics.median(one[command].seconds for one in rounds)
        asked = {len(one[command].asked) for one in rounds}
        requests = "-".join(str(number) for number in sorted({min(asked), max(asked)}))
        bases = (FLOOR if command != FLOOR else None, SAME_BY_HAND.get(command))
        columns = [
            ratios(rounds, command, base, cpu=cpu) if base else ""
            for base in bases
            for cpu in (False, True)
        ]
        yield _line(command, f"{seconds:.2f}", requests, columns)


def _line(command: str, seconds: str, requests: str, columns: Iterable[str]) -> str:
    rest = "".join(f"{column:<18}" for column in columns)
    return f"{command:16}{seconds:>8}{requests:>10}  {rest}".rstrip()


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",") if word]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--projects", type=numbers, default=[1, 10, 40], help="numbers, by commas")
    parser.add_argument(
        "--latency", type=numbers, default=[0, 50], help="ms on the way to ZenML's server; none: ''"
    )
    parser.add_argument("--json", type=Path, help="a file for everything that was measured")
    given = parser.parse_args()
    measured: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory(prefix="zenstrap-benchmarks-") as named:
        folder = Path(named)
        (folder / "templates").mkdir()
        made = templates(folder / "templates")
        for projects in given.projects:
            for latency in (None, *given.latency):
                where = "local database" if latency is None else f"server, {latency} ms"
                title = f"{where}, ML projects: {projects}"
                rounds = measured[title] = []
                for number in range(given.rounds):
                    print(f"{title}: round {number + 1} of {given.rounds}", file=sys.stderr)
                    place = folder / f"{projects}-{latency}-{number}"
                    opened = local_world if latency is None else server_world
                    with opened(place, projects, made) as world:
                        if world.relay and latency:
                            world.relay.latency = latency / 1000
                        rounds.append(measure(world))
                print("\n".join(("", title, *table(rounds))), flush=True)
    if given.json:
        everything = {
            title: [{name: asdict(took) for name, took in one.items()} for one in rounds]
            for title, rounds in measured.items()
        }
        given.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
