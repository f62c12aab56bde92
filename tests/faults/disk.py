"""The disk fills up in the midst of a run; then there is room again."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass
from typing import Final

from tests.faults.campaign import Result, repeat, require_as_undisturbed, said
from tests.faults.stages import Life

# Less, and nothing works at all; more, and everything fits.
_FREE: Final = (0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 56, 64, 96)
_STAGES: Final = ("up", "upgrade", "down")


def unusable() -> str:
    """Why disks can't be made here; empty where they can."""
    return "" if os.geteuid() == 0 else "only root can mount a disk of its own size"


@dataclass(frozen=True)
class Full:
    """
    Attributes:
        free: what is left of the disk of ZENSTRAP_HOME when the run starts, in KiB.
    """

    stage: str
    free: int


class FullDisks:
    def __init__(self, life: Life) -> None:
        self.name = f"{life.world.name}-disk"
        self._life = life

    def draw(self, chance: random.Random) -> Full:
        return Full(chance.choice(_STAGES), chance.choice(_FREE))

    def inject(self, drawn: Full) -> Result:
        result = Result(f"{drawn.stage}: a full disk", f"{drawn.stage} with {drawn.free} KiB free")
        life, world = self._life, self._life.world
        world.put_back(drawn.stage)
        disk = world.home.state
        moved = disk.with_name("moved")
        if disk.exists():
            disk.rename(moved)
        disk.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "zenstrap-faults", str(disk)], check=True
        )
        try:
            if moved.exists():
                subprocess.run(["cp", "-a", f"{moved}/.", str(disk)], check=True)
                subprocess.run(["rm", "-r", str(moved)], check=True)
            filler = disk / "filler"
            room = os.statvfs(disk)
            filler.write_bytes(bytes(room.f_bavail * room.f_frsize - drawn.free * 1024))
            ended = world.run(*life.words(drawn.stage))
            filler.unlink()
            result.hit = ended.code != 0
            result.require("This is a bug" not in ended.err, f"no known failure: {said(ended.err)}")
            if result.hit:
                repeat(result, life, drawn.stage)
            if not result.violations:
                require_as_undisturbed(result, life, drawn.stage)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
        return result
