"""Failures of all kinds, injected into real runs until the time is up. See README.md."""

from __future__ import annotations

import argparse
import collections
import itertools
import multiprocessing
import os
import queue
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.faults import disk
from tests.faults.campaign import Campaign, Result
from tests.faults.damage import Damages
from tests.faults.disk import FullDisks
from tests.faults.expected import sort_out
from tests.faults.google import GoogleKills, google_life
from tests.faults.kills import Kills
from tests.faults.outages import Outages, server_life
from tests.faults.races import Races
from tests.faults.stages import Life
from tests.faults.world import World, memory

# How many of a hundred injections are of which campaign.
SHARES: Final = {
    "local-kills": 32,
    "local-races": 6,
    "local-damage": 18,
    "local-disk": 8,
    "google-kills": 8,
    "google-asked": 8,
    "server-outages": 12,
}
_LOOK: Final = 5.0  # seconds between two looks whether the workers are there
# To go through them once takes as long as some injections.
_STAGES: Final = {
    "local": (),
    "google": ("up", "upgrade", "down"),
    "server": ("up", "upgrade", "down"),
}
Seed = tuple[str, int]  # a campaign, and the number of one of its injections


class Worlds:
    """The campaigns of one worker, each prepared when it is first needed.

    Args:
        stack: removes all folders, ends all servers.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._lives: dict[str, tuple[Life, Any]] = {}
        self._campaigns: dict[str, Campaign] = {}

    def campaign(self, name: str) -> Campaign:
        if name not in self._campaigns:
            self._campaigns[name] = self._made(name)
        return self._campaigns[name]

    def _made(self, name: str) -> Campaign:
        if name == "google-asked":
            return GoogleKills(*self._life("google"))
        if name == "server-outages":
            return Outages(*self._life("server"))
        life, _ = self._life(name.partition("-")[0])
        kinds: dict[str, Callable[[Life], Campaign]] = {
            "kills": Kills,
            "races": Races,
            "damage": Damages,
            "disk": FullDisks,
        }
        return kinds[name.partition("-")[2]](life)

    def _life(self, kind: str) -> tuple[Life, Any]:
        world: Any
        if kind not in self._lives:
            folder = Path(tempfile.mkdtemp(prefix="zenstrap-faults-", dir=memory()))
            self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            if kind == "google":
                life, world = google_life(folder, self._stack)
            elif kind == "server":
                life, world = server_life(folder, self._stack)
            else:
                world = World(folder)
                life = Life(world)
            life.prepare(*_STAGES[kind])
            self._lives[kind] = life, world
        return self._lives[kind]


def injected(worlds: Worlds, seed: Seed) -> Result:
    """What comes of one injection."""
    name, number = seed
    campaign = worlds.campaign(name)
    return campaign.inject(campaign.draw(random.Random(f"{name}:{number}")))


def main(arguments: list[str]) -> int:
    """Exit code 1 where something was violated, or was expected to be and wasn't."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long to go on (30)")
    parser.add_argument("--least", type=int, default=0, help="and until there are this many")
    parser.add_argument("--first", type=int, default=0, help="the number of the first seeds (0)")
    parser.add_argument("--only", choices=SHARES, action="append", help="only this campaign")
    parser.add_argument("--workers", type=int, default=2, help="worlds side by side (2)")
    parser.add_argument("--replay", metavar="CAMPAIGN:NUMBER", action="append", help="only these")
    given = parser.parse_args(arguments)
    names = set(given.only or SHARES)
    if why := disk.unusable():
        print(f"local-disk is left out: {why}", file=sys.stderr)
        names -= {"local-disk"}
    if given.replay:
        pairs = [one.partition(":") for one in given.replay]
        seeds: Iterator[Seed] = iter([(name, int(number)) for name, _, number in pairs])
        until, least = float("inf"), 0
    else:
        seeds = _drawn(names, given.first)
        until, least = time.monotonic() + given.minutes * 60, given.least
    return _tell(_done(seeds, given.workers, until, least))


def _drawn(names: set[str], first: int) -> Iterator[Seed]:
    """Campaigns in their shares, each with numbers of its own, for ever."""
    chance = random.Random(first)
    shares = {name: SHARES[name] for name in SHARES if name in names}
    numbers = {name: itertools.count(first) for name in shares}
    while True:
        (name,) = chance.choices(list(shares), list(shares.values()))
        yield name, next(numbers[name])


def _done(
    seeds: Iterator[Seed], workers: int, until: float, least: int
) -> list[tuple[Seed, Result]]:
    """Results in the order in which they come."""
    context = multiprocessing.get_context("spawn")
    todo, done = context.Queue(), context.Queue()
    processes = [context.Process(target=_work, args=(todo, done)) for _ in range(workers)]
    for process in processes:
        process.start()
    results: list[tuple[Seed, Result]] = []
    waiting = 0
    for _ in range(workers):
        waiting += _put_next(seeds, todo)
    while waiting:
        try:
            seed, result = done.get(timeout=_LOOK)
        except queue.Empty:
            if any(process.exitcode is not None for process in processes):
                raise RuntimeError("a worker is gone") from None
            continue
        waiting -= 1
        results.append((seed, result))
        _print(seed, result)
        if time.monotonic() < until or len(results) + waiting < least:
            waiting += _put_next(seeds, todo)
    for _ in processes:
        todo.put(None)
    for process in processes:
        process.join()
    return results


def _put_next(seeds: Iterator[Seed], todo: Any) -> int:
    seed = next(seeds, None)
    if seed is None:
        return 0
    todo.put(seed)
    return 1


def _work(todo: Any, done: Any) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what it has made is removed
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with ExitStack() as stack:
        worlds = Worlds(stack)
        while (seed := todo.get()) is not None:
            try:
                result = injected(worlds, seed)
            except Exception:
                told = f"{seed[0]}: the test itself"
                result = Result(told, told, violations=[traceback.format_exc()])
            done.put((seed, result))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _print(seed: Seed, result: Result) -> None:
    mark = "VIOLATION" if result.violations else "ok" if result.hit else "not hit"
    print(f"{mark:9} {seed[0]}:{seed[1]}  {result.told}", flush=True)
    for violation in result.violations:
        print(f"          {violation}", flush=True)


def _tell(results: list[tuple[Seed, Result]]) -> int:
    """The table, then each violation."""
    rows: dict[str, collections.Counter[str]] = {}
    for (name, _), result in results:
        row = rows.setdefault(f"{name:13} {result.row}", collections.Counter())
        row["injected"] += 1
        row["hit"] += result.hit
        row["as undisturbed"] += not result.violations
    total = sum(rows.values(), collections.Counter())
    width = max([*map(len, rows), 5])
    print(f"\n{'what':{width}}  injected  hit  as undisturbed")
    for row, counts in [*sorted(rows.items()), ("total", total)]:
        print(
            f"{row:{width}}  {counts['injected']:8}  {counts['hit']:3}"
            f"  {counts['as undisturbed']:14}"
        )
    unexpected, in_vain = sort_out([result for _, result in results])
    seeds = {id(result): f"{name}:{number}" for (name, number), result in results}
    for result, violation in unexpected:
        print(f"\nVIOLATION  {result.told}\n  {violation}")
        print(f"  again: python -m tests.faults --replay {seeds[id(result)]}")
    for one in in_vain:
        print(f"\nMENDED?  {one.fault}: {one.injected} no longer gives {one.violation!r}:")
        print("  take it out of tests/faults/expected.py")
    known = sum(len(result.violations) for _, result in results) - len(unexpected)
    print(f"\n{len(unexpected)} violations, {known} known ones, {len(in_vain)} no longer seen")
    return 1 if unexpected or in_vain else 0
