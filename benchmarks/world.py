"""The setting of a measurement: a home with ZenML's store and an environment with ML projects."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.relay import Relay, relay
from tests.e2e.servers import zenml_server
from zenstrap.paths import project_root

UP = ("run.py", "--env", "local")
STATUS = ("run.py", "status", "--env", "local")
HELP = ("run.py", "--help")
DATABASE = Path("local_stores/default_zen_store/zenml.db")  # in ZenML's configuration folder


@dataclass(frozen=True)
class Took:
    """The cost of one process, with its child processes.

    Attributes:
        seconds: wall-clock time.
        cpu: CPU seconds.
        asked: requests to ZenML's server; none with a local database.
    """

    seconds: float
    cpu: float
    asked: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """The folders and the server of one measurement.

    Args:
        folder: an empty folder.
        projects: number of ML projects.
        relay: the proxy to ZenML's server; None for a local database.
        key: API key of the server's account.
    """

    folder: Path
    projects: int
    relay: Relay | None = None
    key: str = field(default="", repr=False)

    @property
    def names(self) -> list[str]:
        return [f"project_{number:02}" for number in range(1, self.projects + 1)]

    @property
    def hand(self) -> Path:
        """The folder of the hand-written script."""
        return self.folder / "hand"

    def python(self, *words: str) -> Took:
        """Run Python in this world.

        Raises:
            RuntimeError: the exit code isn't 0.
        """
        counted = len(self.relay.asked) if self.relay else 0
        started = time.monotonic()
        output = self.folder / "output"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=project_root(),
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
            _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            text = output.read_text(errors="replace")
            raise RuntimeError(f"{' '.join(words)}: exit code {process.returncode}\n{text}")
        asked = tuple(self.relay.asked[counted:]) if self.relay else ()
        return Took(seconds, used.ru_utime + used.ru_stime, asked)

    def floor(self) -> Took:
        root = self.hand / "modules" / "environments" / "local"
        return self.python("-m", "benchmarks.floor", str(root))

    def by_hand(self) -> Took:
        return self.python("-m", "benchmarks.by_hand", str(self.hand), *self.names)

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZENML_")}
        kept |= {
            "HOME": str(self.folder),
            "NO_COLOR": "1",
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_CONFIG_PATH": str(self.folder / "zenml"),
            "ZENML_LOGGING_VERBOSITY": "ERROR",
            "ZENSTRAP_CONFIGS": str(self.folder / "configs"),
            "ZENSTRAP_HOME": str(self.folder / "zenstrap"),
        }
        if self.relay:
            kept |= {"ZENML_STORE_URL": self.relay.url, "ZENML_STORE_API_KEY": self.key}
        return kept


@dataclass(frozen=True)
class Templates:
    """Databases that are slow to create and fast to copy.

    Attributes:
        local: ZenML's local database. Its configuration, which has the database's path, is
            created in each world.
        database: a server's database with an account.
        key: that account's API key.
    """

    local: Path
    database: Path
    key: str = field(repr=False)


def templates(folder: Path) -> Templates:
    """Create the templates.

    Args:
        folder: an empty folder for their files.
    """
    first = World(folder / "first", 0)
    first.folder.mkdir()
    first.python("-m", "benchmarks.floor", "-")
    database = folder / "zenml.db"
    with zenml_server(folder / "server", f"sqlite:///{database}") as server:
        key = server.account("benchmarks")
    return Templates(first.folder / "zenml" / DATABASE, database, key)


@contextmanager
def local_world(folder: Path, projects: int, prepared: Templates) -> Iterator[World]:
    """A world with a local database."""
    copy = folder / "zenml" / DATABASE
    copy.parent.mkdir(parents=True)
    shutil.copy(prepared.local, copy)
    yield _with_configs(World(folder, projects))


@contextmanager
def server_world(folder: Path, projects: int, prepared: Templates) -> Iterator[World]:
    """A world with its own ZenML server."""
    folder.mkdir(parents=True)
    shutil.copy(prepared.database, folder / "zenml.db")
    with (
        zenml_server(folder / "server", f"sqlite:///{folder}/zenml.db") as server,
        relay(server.url) as way,
    ):
        yield _with_configs(World(folder, projects, way, prepared.key))


def _with_configs(world: World) -> World:
    configs = world.folder / "configs"
    shutil.copytree(project_root() / "configs", configs)
    for name in world.names:
        (configs / "ml_projects" / f"{name}.yaml").write_text("version: 1.0.0\n")
    environment = configs / "environments" / "local.yaml"
    content = yaml.safe_load(environment.read_text())
    content["ml_projects"] = world.names
    environment.write_text(yaml.safe_dump(content))
    world.hand.mkdir()
    return world
