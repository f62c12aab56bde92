"""One command of zenstrap in a forked process, which hits itself where it is told to.

A fork server has imported ZenML already: a start costs no five seconds.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.points import Point

# Only what has no thread and no open file afterwards: it is forked.
_PRELOADED: Final = ("tests.faults.preloaded",)
PATIENCE: Final = "ZENSTRAP_FAULTS_PATIENCE"
"""Variable of the environment: seconds that a run waits for a server that is away."""


@dataclass(frozen=True)
class Hit:
    """What a process does to itself, and where.

    Attributes:
        action: KILL, INT, TERM, HUP, or GROUP, which kills all that it has started as well, or
            TWICE, which is Ctrl-C twice.
    """

    action: str
    point: Point


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: the exit code; minus the signal's number where that ended it.
        points: those that it came to, in order.
        hit: whether it came to where it was to be hit.
    """

    code: int
    out: str
    err: str
    points: tuple[Point, ...]
    hit: bool


class Child:
    """A started command. What it leaves is in its folder: out, err, points, hit."""

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        hit: Hit | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.process = _context().Process(
            target=_run, args=(list(words), dict(environ), str(folder), hit)
        )
        self.process.start()

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        self.process.join(seconds)
        return self.process.exitcode is not None

    def ended(self, seconds: float) -> Ended | None:
        """How it ended; None where it takes longer than that: it is killed then."""
        in_time = self.wait(seconds)
        if not in_time:
            self.process.kill()
            self.process.join()
        points = [tuple(json.loads(line)) for line in self._read("points").splitlines()]
        ended = Ended(
            code=self.process.exitcode or 0,
            out=self._read("out"),
            err=self._read("err"),
            points=tuple(points),
            hit=(self._folder / "hit").exists(),
        )
        self.process.close()
        return ended if in_time else None

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""


def call(function: Callable[..., Any], *given: Any, environ: Mapping[str, str], file: Path) -> Any:
    """What a function returns in a process with another environment; JSON-like.

    Raises:
        RuntimeError: it raised, or its process ended.
    """
    process = _context().Process(target=_call, args=(function, given, dict(environ), str(file)))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    if code:
        raise RuntimeError(f"{function.__name__} ended with {code}")
    return json.loads(file.read_text())


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
    return context


def _call(function: Callable[..., Any], given: Any, environ: dict[str, str], file: str) -> None:
    os.environ.clear()
    os.environ.update(environ)
    Path(file).write_text(json.dumps(function(*given)))


def _run(words: list[str], environ: dict[str, str], folder: str, hit: Hit | None) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, descriptor in (("out", 1), ("err", 2)):
        opened = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)
        setattr(sys, name, stream)
        # As in a process of its own: a stream that nobody refers to closes its descriptor, and the
        # next file that is opened gets the number.
        setattr(sys, f"__{name}__", stream)
    from tests.faults.points import Points
    from zenstrap import zenml_server
    from zenstrap.cli import main

    if patience := environ.get(PATIENCE):
        zenml_server.PATIENCE_SECONDS = float(patience)
    points = os.open(f"{folder}/points", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def on_point(point: Point) -> None:
        os.write(points, f"{json.dumps(point)}\n".encode())
        if hit is not None and tuple(hit.point) == point:
            Path(folder, "hit").touch()
            _act(hit.action)

    home = Path(environ["HOME"])
    Points(home, on_point).install()
    sys.exit(main(words))


def _act(action: str) -> None:
    import psutil

    me = os.getpid()
    for child in psutil.Process(me).children(recursive=True) if action == "GROUP" else []:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if action in ("KILL", "GROUP"):
        os.kill(me, signal.SIGKILL)
    elif action == "TWICE":
        os.kill(me, signal.SIGINT)
        os.kill(me, signal.SIGINT)
    else:
        os.kill(me, getattr(signal, f"SIG{action}"))
