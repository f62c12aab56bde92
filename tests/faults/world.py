"""A home with an environment in it: run in, kept and put back, and looked at without zenstrap.

ZenML and Terraform write absolute paths into what they keep, so a world stays in its folder and
is put back there.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psutil

from tests.conftest import DATABASE, QUIET, Home
from tests.faults.child import Child, Ended, Hit, call
from zenstrap.paths import project_root
from zenstrap.registry.model import PROMOTIONS, RUN

LIMIT: Final = 600.0  # seconds; generous, since a busy machine is no failure

# Written on registrations as a record of what happened, another in each run.
_HISTORICAL: Final = {RUN, PROMOTIONS}
_RANDOM: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\b[0-9a-f]{32}(?:[0-9a-f]{8})?\b"  # ids
    r"|\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:00)?"  # times
    r"|(?<=incarnation\": \")\d+|(?<=incarnation\\\":\\\")\d+"  # serial of the state it was made at
)
_FINISHED: Final = {"completed", "failed", "cached", "skipped", "stopped", "retried"}


class World:
    """One environment on this machine.

    Args:
        folder: of this world alone; made.
    """

    name = "local"
    environment = "local"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home")
        self.home.folder.mkdir(parents=True)
        shutil.copytree(project_root() / "configs", self.home.configs)
        self.extra: dict[str, str] = {}  # variables of the environment, beyond the usual
        self._runs = 0
        database = self.home.zenml / DATABASE
        call(_connect, environ=self.environ(), file=folder / "connected")
        assert database.is_file()

    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | QUIET | self.home.environ() | {"TMPDIR": str(self.temporary)} | self.extra

    @property
    def database(self) -> Path:
        """Of the ZenML in which it is registered."""
        return self.home.zenml / DATABASE

    @property
    def temporary(self) -> Path:
        found = self.folder / "tmp"
        found.mkdir(exist_ok=True)
        return found

    def start(self, words: Sequence[str], hit: Hit | None = None) -> Child:
        self._runs += 1
        folder = self.folder / "runs" / str(self._runs)
        return Child(words, self.environ(), folder, hit)

    def run(self, *words: str) -> Ended:
        """A command to its end.

        Raises:
            TimeoutError: it takes longer than LIMIT.
        """
        ended = self.start(words).ended(LIMIT)
        if ended is None:
            raise TimeoutError(f"{' '.join(words)} takes longer than {LIMIT:g} s")
        return ended

    def keep(self, name: str) -> None:
        """Remember everything as it is now."""
        shutil.copytree(self.home.folder, self.folder / "kept" / name, symlinks=True)

    def put_back(self, name: str) -> None:
        """Have everything as it was kept."""
        for folder in (self.home.folder, self.temporary):
            shutil.rmtree(folder)
        shutil.copytree(self.folder / "kept" / name, self.home.folder, symlinks=True)

    def processes(self) -> list[str]:
        """Command lines of what runs with this home, ended or not by whom it was started."""
        mark = f"HOME={self.home.folder}\0".encode()
        found = []
        for process in psutil.process_iter():
            try:
                environ = Path(f"/proc/{process.pid}/environ").read_bytes()
                if mark in environ and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline())[:200])
            except (OSError, psutil.Error):
                continue
        return found

    def state(self) -> dict[str, Any] | None:
        """Terraform's state; None where there is none that can be read."""
        try:
            return dict(json.loads(self.state_file.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None

    @property
    def state_file(self) -> Path:
        folder = self.home.state / "environments" / self.environment / "state" / self.environment
        return folder / "terraform.tfstate"

    @property
    def lease_file(self) -> Path:
        return self.home.state / "leases" / f"{self.environment}.json"

    def look(self) -> dict[str, Any]:
        """What there is, without ids, times, and records of what happened."""
        owner = self.owner()
        found = {
            **registrations(self.database),
            "files": sorted(self._files()),
            "left in the temporary folder": sorted(p.name for p in self.temporary.iterdir()),
            "processes": self.processes(),
            "state": _resources(self.state()),
            **self.look_further(),
        }
        text = json.dumps(found, sort_keys=True, default=str)
        if owner:
            text = text.replace(owner, "<owner>")
        return dict(json.loads(_RANDOM.sub("*", text)))

    def look_further(self) -> dict[str, Any]:
        return {}

    def owner(self) -> str:
        file = self.home.state / "environments" / self.environment / "state" / "owner.json"
        try:
            return str(json.loads(file.read_text())["id"])
        except (OSError, ValueError, RecursionError):
            return ""

    def _files(self) -> Iterator[str]:
        """Of zenstrap, logs apart; of the artifacts only the folders, and what marks them."""
        for path in self.home.state.rglob("*"):
            below = path.relative_to(self.home.state).as_posix()
            if below.startswith("logs/"):
                continue  # of each run, also of one that was hit
            if not below.startswith("artifacts/"):
                # A lock file stays: to remove it would let two processes lock two files.
                if path.is_file() and "/terraform/" not in below and path.suffix != ".lock":
                    yield below
            elif path.name == ".zenstrap.json":
                yield f"{below}: {path.read_text()}"


def memory() -> Path | None:
    """A folder in memory, where there is one: databases wait for disks."""
    found = Path("/dev/shm")
    return found if os.access(found, os.W_OK) else None


def registrations(database: Path) -> dict[str, Any]:
    """What ZenML's database says of stacks, components, connectors, secrets and runs."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row

        def rows(table: str) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

        components = {row["id"]: row for row in rows("stack_component")}
        connectors = {row["id"]: row for row in rows("service_connector")}
        parts: dict[str, list[str]] = {}
        for row in rows("stack_composition"):
            part = components[row["component_id"]]
            parts.setdefault(row["stack_id"], []).append(f"{part['type']} {part['name']}")
        return {
            "stacks": {
                row["name"]: {"labels": _labels(row), "parts": sorted(parts.get(row["id"], []))}
                for row in rows("stack")
            },
            "components": {
                f"{row['type']} {row['name']}": {
                    "flavor": row["flavor"],
                    "configuration": _decoded(row["configuration"]),
                    "labels": _labels(row),
                    "connector": connectors.get(row["connector_id"], {}).get("name"),
                }
                for row in components.values()
            },
            "connectors": {
                row["name"]: {
                    "type": row["connector_type"],
                    "method": row["auth_method"],
                    "labels": _labels(row),
                    "configuration": _decoded(row["configuration"]),
                }
                for row in connectors.values()
            },
            "number of secrets": len(rows("secret")),
            "left running": [
                row["name"]
                for table in ("pipeline_run", "step_run")
                for row in rows(table)
                if row["status"] not in _FINISHED
            ],
        }


def rolled_back(database: Path) -> bool:
    """Whether the newest rollback was done to its end."""
    with sqlite3.connect(database) as connection:
        found = connection.execute(
            "SELECT status FROM pipeline_run WHERE name LIKE '%-rollback-%' "
            "ORDER BY created DESC LIMIT 1"
        ).fetchone()
    return found is not None and found[0] == "completed"


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Where two worlds aren't the same."""
    told = []
    for part in sorted({*expected, *found}):
        before, after = expected.get(part), found.get(part)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            for name in sorted({*before, *after}):
                if before.get(name) != after.get(name):
                    told.append(
                        f"{part}: {name}: {_short(after.get(name))} "
                        f"instead of {_short(before.get(name))}"
                    )
        else:
            told.append(f"{part}: {_short(after)} instead of {_short(before)}")
    return told


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) < 400 else f"{text[:400]}…"


def _connect() -> bool:
    from zenml.client import Client

    return bool(Client().active_stack_model)


def _labels(row: dict[str, Any]) -> dict[str, str]:
    found = _decoded(row["labels"]) or {}
    return {name: value for name, value in found.items() if name not in _HISTORICAL}


def _decoded(cell: bytes | None) -> Any:
    return json.loads(base64.b64decode(cell)) if cell else None


def _resources(state: dict[str, Any] | None) -> Any:
    """What is in a state, by address, and whether it is a sane one."""
    if state is None:
        return None
    found: dict[str, Any] = {}
    for one in state["resources"]:
        for instance in one["instances"]:
            address = ".".join(
                part
                for part in (one.get("module", ""), one["mode"], one["type"], one["name"])
                if part
            )
            name = f"{address}[{instance.get('index_key')}]"
            kept = dict(instance.get("attributes", {}))
            if name in found:
                name = f"{name} twice"
            found[name] = kept
    sane = bool(state["lineage"]) and state["serial"] >= 1
    return {"sane": sane, **found}
