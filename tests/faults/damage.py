"""What lies on disk is damaged: it is refused and nothing is written, or it is put right."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.faults.campaign import Result, repeat, require_as_undisturbed, said
from tests.faults.stages import Life
from tests.faults.world import World, differences

_STAGES: Final = ("again", "upgrade", "rollback", "down")
Damage = Callable[[World], None]


def _state(change: Callable[[Path], None]) -> Damage:
    return lambda world: change(world.state_file)


def _lease(change: Callable[[Path], None]) -> Damage:
    def damage(world: World) -> None:
        world.lease_file.parent.mkdir(parents=True, exist_ok=True)
        change(world.lease_file)

    return damage


def _owner(change: Callable[[Path], None]) -> Damage:
    return lambda world: change(world.state_file.parent.parent / "owner.json")


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _garbage(file: Path) -> None:
    file.write_bytes(bytes(range(256)))


def _gone(file: Path) -> None:
    file.unlink()


def _folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


def _dangling(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.symlink_to(file.parent / "nowhere")


def _linked(file: Path) -> None:
    moved = file.with_name("moved")
    file.rename(moved)
    file.symlink_to(moved)


def _of_another(file: Path) -> None:
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "lineage": "11111111-2222-3333-4444-555555555555"}))


def _older(file: Path) -> None:
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "serial": 0, "resources": []}))


def _nested(file: Path) -> None:
    file.write_text("[" * 200_000)


def _held(ahead: timedelta, machine: str = "another machine") -> Callable[[Path], None]:
    """A lease of a machine whose clock is ahead of ours, or behind; its holder is gone."""

    def write(file: Path) -> None:
        now = datetime.now(UTC) + ahead
        lease: dict[str, Any] = {
            "schema": "zenstrap/lease/1",
            "environment": file.stem,
            "token": "0" * 32,
            "owner": "ada",
            "host": "elsewhere",
            "machine": machine,
            "pid": 7,
            "process_started": "1",
            "command": "up",
            "acquired_at": now.isoformat(),
            "heartbeat_at": now.isoformat(),
            "expires_at": (now + timedelta(seconds=120)).isoformat(),
            "took_over": [],
        }
        file.write_text(json.dumps({"generation": 7, "lease": lease}))

    return write


def _no_artifacts(world: World) -> None:
    shutil.rmtree(world.home.artifacts)


def _no_terraform_data(world: World) -> None:
    shutil.rmtree(world.state_file.parent.parent.parent / "terraform", ignore_errors=True)


def _no_environments(world: World) -> None:
    shutil.rmtree(world.home.state / "environments")


def _no_home(world: World) -> None:
    shutil.rmtree(world.home.state)


def _left_files(world: World) -> None:
    """As runs that were killed leave them."""
    folder = world.home.state / "environments" / world.environment
    (folder / "runs" / "0123456789ab").mkdir(parents=True)
    (folder / "runs" / "0123456789ab" / "plan").write_bytes(b"PK")
    world.lease_file.with_suffix(".tmp").write_text("{")


# What is refused until a person does something, and what is put right or doesn't matter.
DAMAGES: Final[dict[str, Damage]] = {
    "state: empty": _state(_empty),
    "state: truncated": _state(_truncated),
    "state: garbage": _state(_garbage),
    "state: gone": _state(_gone),
    "state: a folder": _state(_folder),
    "state: a dangling link": _state(_dangling),
    "state: a link to it": _state(_linked),
    "state: of another lineage": _state(_of_another),
    "state: older, and empty": _state(_older),
    "state: nested too deep": _state(_nested),
    "owner: empty": _owner(_empty),
    "owner: truncated": _owner(_truncated),
    "owner: garbage": _owner(_garbage),
    "owner: gone": _owner(_gone),
    "owner: a folder": _owner(_folder),
    "owner: nested too deep": _owner(_nested),
    "lease: empty": _lease(_empty),
    "lease: garbage": _lease(_garbage),
    "lease: a folder": _lease(_folder),
    "lease: a dangling link": _lease(_dangling),
    "lease: nested too deep": _lease(_nested),
    "lease: of another machine, alive": _lease(_held(timedelta())),
    "lease: of another machine, expired": _lease(_held(timedelta(minutes=-10))),
    "lease: of another machine, 30 s ahead": _lease(_held(timedelta(seconds=30))),
    "lease: of another machine, a day ahead": _lease(_held(timedelta(days=1))),
    "lease: of another machine, 10 years ahead": _lease(_held(timedelta(days=3650))),
    "artifacts: gone": _no_artifacts,
    "terraform's folder: gone": _no_terraform_data,
    "environments: gone": _no_environments,
    "everything on disk: gone": _no_home,
    "files of a killed run": _left_files,
}


@dataclass(frozen=True)
class Damaged:
    stage: str
    name: str


class Damages:
    """Refused, or done as if nothing had been; in both cases there is a way on.

    A lease has its own way on, `unlock`. Of everything else it is that the damage is undone.
    """

    def __init__(self, life: Life) -> None:
        self.name = f"{life.world.name}-damage"
        self._life = life

    def draw(self, chance: random.Random) -> Damaged:
        return Damaged(chance.choice(_STAGES), chance.choice(list(DAMAGES)))

    def inject(self, drawn: Damaged) -> Result:
        result = Result(drawn.name, f"{drawn.name}, then {drawn.stage}")
        life, world = self._life, self._life.world
        world.put_back(drawn.stage)
        DAMAGES[drawn.name](world)
        before, left = world.look(), _content(world)
        try:
            ended = world.run(*life.words(drawn.stage))
        except TimeoutError as error:
            result.violations.append(str(error))
            return result
        if ended.code == 0:
            require_as_undisturbed(result, life, drawn.stage)
            return result
        result.require("This is a bug" not in ended.err, f"no known failure: {said(ended.err)}")
        if drawn.name.startswith("lease"):
            freed = world.run("unlock", "--env", world.environment, "--yes")
            if not result.require(freed.code == 0, f"unlock can't free it: {said(freed.err)}"):
                return result
        else:
            result.violations += [
                f"refused, and yet: {one}" for one in differences(before, world.look())
            ]
            result.require(_content(world) == left, "refused, and yet files are others")
            world.put_back(drawn.stage)
        if repeat(result, life, drawn.stage):
            require_as_undisturbed(result, life, drawn.stage)
        return result


def _content(world: World) -> dict[str, bytes | str]:
    """Files of zenstrap's, its logs apart, with links as what they are."""
    found: dict[str, bytes | str] = {}
    for path in world.home.state.rglob("*"):
        if path.suffix == ".lock" or {"terraform", "artifacts", "logs"} & {*path.parts}:
            continue
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found
