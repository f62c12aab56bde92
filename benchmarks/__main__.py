"""Measure zenstrap.

    python -m benchmarks [--rounds N] [--projects 1,10,40] [--latency 0,50] [--json FILE]

Each round creates a new environment and runs all commands in sequence. Seconds depend on the load
of the machine, so compare the ratios within a round. Requests are those to ZenML's server; they
are the same in each round.
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
# What each command is compared with, in addition to the floor.
SAME_BY_HAND = {FIRST_UP: FIRST_BY_HAND, AGAIN: BY_HAND}

Round = dict[str, Took]


def measure(world: World) -> Round:
    """Run all commands once, on an environment that doesn't exist yet."""
    took = {FIRST_BY_HAND: world.by_hand()}
    world.floor()  # registers its pipeline in ZenML, as the first `up` registers zenstrap's
    took[FIRST_UP] = world.python(*UP)
    took[BY_HAND] = world.by_hand()
    took[AGAIN] = world.python(*UP)
    took[FLOOR] = world.floor()
    took[SHOWN] = world.python(*STATUS)
    took[HELPED] = world.python(*HELP)
    return took


def ratios(rounds: list[Round], command: str, base: str, *, cpu: bool = False) -> str:
    """The median ratio of two commands' seconds, with minimum and maximum.

    Args:
        cpu: compare CPU seconds, which depend little on the machine's load.
    """

    def seconds(took: Took) -> float:
        return took.cpu if cpu else took.seconds

    values = [seconds(each[command]) / seconds(each[base]) for each in rounds]
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def table(rounds: list[Round]) -> Iterator[str]:
    """The table of the rounds in one kind of world."""
    heads = ("x floor", "x floor, cpu", "x by hand", "x by hand, cpu")
    yield _line("", "seconds", "requests", heads)
    for command in rounds[0]:
        seconds = statistics.median(each[command].seconds for each in rounds)
        asked = {len(each[command].asked) for each in rounds}
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
    parser.add_argument(
        "--projects", type=numbers, default=[1, 10, 40], help="numbers, with commas"
    )
    parser.add_argument(
        "--latency", type=numbers, default=[0, 50], help="ms to ZenML's server; '' for no server"
    )
    parser.add_argument("--json", type=Path, help="write all measurements to this file")
    options = parser.parse_args()
    measured: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory(prefix="zenstrap-benchmarks-") as named:
        folder = Path(named)
        (folder / "templates").mkdir()
        prepared = templates(folder / "templates")
        for projects in options.projects:
            for latency in (None, *options.latency):
                where = "local database" if latency is None else f"server, {latency} ms"
                title = f"{where}, ML projects: {projects}"
                rounds = measured[title] = []
                for number in range(options.rounds):
                    print(f"{title}: round {number + 1} of {options.rounds}", file=sys.stderr)
                    place = folder / f"{projects}-{latency}-{number}"
                    opened = local_world if latency is None else server_world
                    with opened(place, projects, prepared) as world:
                        if world.relay and latency:
                            world.relay.latency = latency / 1000
                        rounds.append(measure(world))
                print("\n".join(("", title, *table(rounds))), flush=True)
    if options.json:
        everything = {
            title: [{name: asdict(took) for name, took in each.items()} for each in rounds]
            for title, rounds in measured.items()
        }
        options.json.write_text(json.dumps(everything, indent=1))


if __name__ == "__main__":
    main()
