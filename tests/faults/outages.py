"""ZenML on a real server behind a faulty proxy: it answers late, wrongly, or not at all."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.relay import NOT_ANSWERED, NOT_ASKED, Fate, relay
from tests.e2e.servers import zenml_server
from tests.faults.campaign import Result, repeat, require_as_undisturbed
from tests.faults.child import PATIENCE
from tests.faults.stages import Life
from tests.faults.world import LIMIT, World

STATUSES: Final = {"500": 500, "503": 503, "429": 429}
SLOW: Final = "slow"
FAULTS: Final = (*STATUSES, SLOW, NOT_ASKED, NOT_ANSWERED)
LENGTHS: Final = (1, 2, 1000)  # requests: one that passes, one that lasts, and away for good
_SECONDS: Final = 1.0  # that a slow answer takes longer
_PATIENCE: Final = 1.5  # seconds, instead of a minute
FAILED_ON_THE_WAY: Final = 7
# 1: before anything was changed, 3: not connected, 6: the smoke test failed
_CODES: Final = (0, 1, 3, 6, FAILED_ON_THE_WAY)


@dataclass
class Fault:
    """What happens to which requests.

    Attributes:
        call: the first of them is this one,
        number: when it comes for the number-th time, from 0.
        length: how many in a row, whatever they are.
        hit: how many there were.
    """

    kind: str
    call: str
    number: int
    length: int
    hit: int = 0
    _seen: int = 0

    def strikes(self, call: str) -> bool:
        if not self.hit:
            if call != self.call:
                return False
            self._seen += 1
            if self._seen <= self.number:
                return False
        if self.hit >= self.length:
            return False
        self.hit += 1
        return True


class ServerWorld(World):
    """The environment local, registered on a server of ZenML's.

    Args:
        stack: ends the server and the proxy.
    """

    name = "server"

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder)
        self._served = folder / "server.db"
        server = stack.enter_context(zenml_server(folder / "server", f"sqlite:///{self._served}"))
        self.relay = stack.enter_context(relay(server.url))
        self.relay.fate = self._fate
        self.fault: Fault | None = None
        self._lock = threading.Lock()
        self.asked: dict[str, list[str]] = {}
        self._stage = ""
        self.extra = {
            "ZENML_STORE_URL": self.relay.url,
            "ZENML_STORE_API_KEY": server.account("faults"),
            PATIENCE: str(_PATIENCE),
        }

    @property
    def database(self) -> Path:
        return self._served

    def keep(self, name: str) -> None:
        super().keep(name)
        _copy(self._served, self.folder / "kept" / f"{name}.db")
        self._stage = name
        self.relay.asked.clear()

    def put_back(self, name: str) -> None:
        self.fault = None
        super().put_back(name)
        _copy(self.folder / "kept" / f"{name}.db", self._served)

    def look_further(self) -> dict[str, Any]:
        if self._stage not in self.asked:
            self.asked[self._stage] = [_call(asked) for asked in self.relay.asked]
        return {}

    def _fate(self, asked: str) -> Fate:
        with self._lock:
            fault = self.fault
            if fault is None or not fault.strikes(_call(asked)):
                return None
        if fault.kind == SLOW:
            time.sleep(_SECONDS)
            return None
        return STATUSES.get(fault.kind, fault.kind)


def _call(asked: str) -> str:
    """A request without its question, in which there are names of runs."""
    return asked.partition("?")[0]


def _copy(source: Path, target: Path) -> None:
    """Also into a database that a server has open."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


@dataclass(frozen=True)
class Outage:
    stage: str
    kind: str
    call: str
    number: int
    length: int

    @property
    def row(self) -> str:
        lasting = {1: "once", 2: "twice"}.get(self.length, "from then on")
        return f"{self.stage}: {self.kind}, {lasting}"

    @property
    def told(self) -> str:
        return f"{self.row}: {self.call} ({self.number})"


class Outages:
    """Requests of a run meet a server that fails; then it is repeated with one that works."""

    name = "server-outages"

    def __init__(self, life: Life, world: ServerWorld) -> None:
        self._life = life
        self._world = world

    def draw(self, chance: random.Random) -> Outage:
        """Writes as often as the much more frequent questions, rare ones as often as others."""
        stage = chance.choice(list(self._life.undisturbed))
        asked = self._world.asked[stage]
        writes = chance.random() < 0.6
        kinds = sorted({call for call in asked if (not call.startswith("GET ")) == writes})
        call = chance.choice(kinds)
        number = chance.randrange(asked.count(call))
        return Outage(stage, chance.choice(FAULTS), call, number, chance.choice(LENGTHS))

    def inject(self, drawn: Outage) -> Result:
        result = Result(drawn.row, drawn.told, hit=False)
        world, life = self._world, self._life
        world.put_back(drawn.stage)
        length = 1 if drawn.kind == SLOW else drawn.length
        fault = Fault(drawn.kind, drawn.call, drawn.number, length)
        world.fault = fault
        ended = world.start((*life.words(drawn.stage), "--json")).ended(LIMIT)
        world.fault = None
        result.hit = fault.hit > 0
        if not result.require(ended is not None, "it hangs") or ended is None:
            return result
        passes = drawn.kind == SLOW or (drawn.kind in ("503", "429") and length <= 2)
        codes = (0,) if passes else _CODES
        result.require(ended.code in codes, f"it ends with {ended.code}: {_failure(ended.out)}")
        if ended.code:
            failure = _failure(ended.out)
            way_out = bool(failure.get("fix")) and "bug" not in ended.out
            result.require(way_out, f"no known failure: {failure}")
            if ended.code == FAILED_ON_THE_WAY:
                again = " ".join(life.words(drawn.stage)[:3])
                told = str(failure.get("go_on")).endswith(again) and bool(failure.get("now"))
                result.require(told, f"it doesn't tell what is there and how to go on: {failure}")
            result.require(not world.lease_file.exists(), "its lease is left")
            if not repeat(result, life, drawn.stage):
                return result
        require_as_undisturbed(result, life, drawn.stage)
        return result


def _failure(out: str) -> dict[str, Any]:
    try:
        return dict(json.loads(out).get("failure") or {})
    except ValueError:
        return {"what": out[-400:]}


def server_life(folder: Path, stack: ExitStack) -> tuple[Life, ServerWorld]:
    """The world and its life, not yet prepared."""
    world = ServerWorld(folder, stack)
    return Life(world), world
