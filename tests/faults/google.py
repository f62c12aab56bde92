"""An environment on Google Cloud's double, and runs that are killed while Google is asked."""

from __future__ import annotations

import json
import random
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.e2e.google_cloud import alive, owner, runs_here
from tests.environments import only_base
from tests.faults.campaign import Result, repeat, require_as_undisturbed, said
from tests.faults.child import Child
from tests.faults.kills import STOPPED, send
from tests.faults.stages import Life
from tests.faults.world import LIMIT, World
from zenstrap_rehearsal import Rehearsal, snapshot

_PROJECT: Final = "acme-ml-dev"
_STATE: Final = f"{_PROJECT}-tfstate"
_ACTIONS: Final = ("KILL", "KILL", "GROUP", "GROUP", "INT", "TWICE", "TERM", "TERRAFORM")
# Made up anew each time that a thing is made.
_PASSING: Final = {
    "createTime", "etag", "oauth2ClientId", "privateKeyData", "publicKeyData", "uniqueId",
    "updateTime", "validAfterTime", "validBeforeTime",
}  # fmt: skip


class GoogleWorld(World):
    """The shipped environment dev, with one stack and trainings on this machine.

    Args:
        stack: ends the double.
    """

    name = "google"
    environment = "dev"

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder)
        # What Terraform's provider was asked to change, by the stage that was gone through.
        self.asked: dict[str, list[tuple[str, str]]] = {}
        self._stage: str | None = None
        self._on_fault: Any = None
        self.cloud = stack.enter_context(
            Rehearsal(folder / "cloud", project_ids=(_PROJECT,), sleep=self._sleep)
        )
        self.extra = self.cloud.environment()
        real = self.cloud.faults.on_kind

        def noted(kind: str, operation: str) -> None:
            if self._stage is not None and operation in ("create", "update", "delete"):
                self.asked[self._stage].append((kind, operation))
            real(kind, operation)

        self.cloud.faults.on_kind = noted  # type: ignore[method-assign]

    def at(self, kind: str, operation: str, number: int, act: Any) -> None:
        """Call something when the provider is asked for a thing of a kind that many times."""
        self.cloud.faults.clear()
        left = [number]

        def struck() -> None:
            left[0] -= 1
            if left[0] < 0:
                self._on_fault = None
                act()

        self._on_fault = struck
        self.cloud.faults.add(kind=kind, operation=operation, seconds=1, count=number + 1)

    def keep(self, name: str) -> None:
        super().keep(name)
        self._stage = name
        self.asked[name] = []
        self.cloud.save(self.folder / "kept" / f"{name}-cloud")

    def put_back(self, name: str) -> None:
        super().put_back(name)
        self._stage = self._on_fault = None
        cloud, store = self.cloud.cloud, self.cloud.storage.store
        self.cloud.faults.clear()
        with cloud.lock, store.lock:
            store.backend.stop()  # it keeps everything in memory
            store.backend.start()
            store.buckets.clear()
            for kept in (cloud.projects, cloud.things, cloud.policies, cloud.keys):
                kept.clear()
        snapshot.load(cloud, store, self.folder / "kept" / f"{name}-cloud")

    def state(self) -> dict[str, Any] | None:
        found = self._objects()
        text = next((c for n, c in found.items() if n.endswith(".tfstate")), None)
        return dict(json.loads(text)) if text else None

    def owner(self) -> str:
        found = self._objects()
        text = next((c for n, c in found.items() if n.endswith("/owner.json")), None)
        return str(json.loads(text)["id"]) if text else ""

    def look(self) -> dict[str, Any]:
        found = super().look()
        # The key is another one each time that it is made, and so are the hashes of what uses it.
        for one in (*found["connectors"].values(), *found["stacks"].values()):
            for label in ("key", "content_hash"):
                one["labels"].pop(label, None)
        return found

    def look_further(self) -> dict[str, Any]:
        resources = self.cloud.resources()
        return {
            # Of a key that came into being unrecorded nobody has the private half: that it is
            # told, and not taken over, is a limit that docs/guarantees.md names.
            "cloud": {
                name: _lasting(resources[name])
                for name in alive(self.cloud)
                if "/keys/" not in name
            },
            "policy": _sorted(self.cloud.policy(f"projects/{_PROJECT}")),
            "buckets": {
                bucket.name: {
                    "labels": bucket.resource.get("labels"),
                    "iam": _sorted(bucket.bindings),
                }
                for bucket in self.cloud.storage.store.buckets.values()
            },
            "in the state bucket": sorted(self._objects()),
        }

    def _objects(self) -> dict[str, bytes]:
        if _STATE not in self.cloud.storage.store.buckets:
            return {}
        return {one.name: one.download_as_bytes() for one in owner(self.cloud).list_blobs(_STATE)}

    def _sleep(self, seconds: float) -> None:
        if self._on_fault is not None:
            self._on_fault()


def _sorted(bindings: list[dict[str, Any]]) -> list[str]:
    """In an order that doesn't tell who came first."""
    return sorted(
        json.dumps({**one, "members": sorted(one["members"])}, sort_keys=True) for one in bindings
    )


def _lasting(thing: dict[str, Any]) -> dict[str, Any]:
    """A thing without what is another each time that it is made."""
    return {name: value for name, value in thing.items() if name not in _PASSING}


@dataclass(frozen=True)
class Asked:
    """A run is hit when Terraform asks for a change: before it is made, or before the answer."""

    stage: str
    action: str
    kind: str
    operation: str
    number: int

    @property
    def told(self) -> str:
        return f"{self.stage}: {self.action} at {self.operation} {self.kind} ({self.number})"


class GoogleKills:
    """Hit while Google Cloud is asked for a change by Terraform."""

    name = "google-asked"

    def __init__(self, life: Life, world: GoogleWorld) -> None:
        self._life = life
        self._world = world

    def draw(self, chance: random.Random) -> Asked:
        asked_in = self._world.asked
        stage = chance.choice([one for one in self._life.undisturbed if asked_in[one]])
        asked = asked_in[stage]
        kind, operation = chance.choice(sorted(set(asked)))
        number = chance.randrange(asked.count((kind, operation)))
        if operation == "create" and chance.random() < 0.5:
            operation = "created"
        return Asked(stage, chance.choice(_ACTIONS), kind, operation, number)

    def inject(self, drawn: Asked) -> Result:
        when = "an answer of Google" if drawn.operation == "created" else "a change at Google"
        result = Result(f"{drawn.stage}: {drawn.action} before {when}", drawn.told, hit=False)
        world, life = self._world, self._life
        world.put_back(drawn.stage)
        struck = threading.Event()
        children: list[Child] = []

        def act() -> None:
            if drawn.action == "TERRAFORM":
                for process in psutil.Process(children[0].pid).children(recursive=True):
                    if process.name() == "terraform":
                        process.kill()
            else:
                send(children[0].pid, drawn.action)
            struck.set()

        world.at(drawn.kind, drawn.operation, drawn.number, act)
        children.append(world.start(life.words(drawn.stage)))
        ended = children[0].ended(LIMIT)
        result.hit = struck.is_set()
        if result.require(ended is not None, "it hangs") and ended is not None:
            killed = drawn.action in ("KILL", "GROUP", "TERRAFORM")
            result.require(
                killed or ended.code in (0, STOPPED),
                f"{drawn.action} ends it with {ended.code}: {said(ended.err)}",
            )
            result.require("This is a bug" not in ended.err, f"no known failure: {said(ended.err)}")
            if ended.code == 0 or repeat(result, life, drawn.stage):
                require_as_undisturbed(result, life, drawn.stage)
        return result


def google_life(folder: Path, stack: ExitStack) -> tuple[Life, GoogleWorld]:
    """The world and its life, not yet prepared."""
    world = GoogleWorld(folder, stack)

    def begin(config: dict[str, Any]) -> None:
        only_base(config)
        runs_here(config)

    def upgrade(config: dict[str, Any]) -> None:
        config["stack"]["version"] = "3.1.0"
        registry = config["stack"]["components"]["container_registry"]
        registry["version"] = "3.1.0"
        registry["settings"] = {"default_repository": "team"}

    return Life(world, upgrade, begin), world
