"""What other processes and other users get to see: command lines and environments."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_PAUSE: Final = 0.005  # seconds between two looks at /proc
# ZenML learns by these what the system is called. They get all that the user has exported.
_SYSTEM: Final = re.compile(r".*lsb_release.*|(\S*/)?(uname|tr|cut) .*")
_active: list[Watch] = []


class Watch:
    """Notes each process that is started within a ``with`` block.

    Those that this process starts are noted by Python itself, so that none is missed. What they
    start in turn is seen in /proc, if it lives for some milliseconds.

    Args:
        home: the processes' HOME.
        handed_on: variables that are given to them on purpose.

    Attributes:
        command_lines: with blanks between the words.
        environments: as ``NAME=VALUE`` lines below the command line, without what is handed on.
    """

    def __init__(self, home: Path, handed_on: tuple[str, ...] = ()) -> None:
        self.command_lines: set[str] = set()
        self.environments: set[str] = set()
        self._mark = f"HOME={home}"
        self._handed_on = handed_on
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        _active.append(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _active.remove(self)
        self._ended.set()
        self._thread.join()

    @property
    def seen(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.command_lines, *self.environments)

    def note(self, words: Any, environ: Mapping[Any, Any] | None) -> None:
        listed = words if isinstance(words, list | tuple) else [words]
        found = os.environ if environ is None else environ
        lines = [f"{os.fsdecode(name)}={os.fsdecode(value)}" for name, value in found.items()]
        self._note([os.fsdecode(word) for word in listed], lines)

    def _note(self, words: Sequence[str], environ: Sequence[str]) -> None:
        command_line = " ".join(words)
        kept = [line for line in environ if line.partition("=")[0] not in self._handed_on]
        self.command_lines.add(command_line)
        if _SYSTEM.fullmatch(command_line):
            return
        self.environments.add("\n".join([command_line, *sorted(kept)]))

    def _look_on(self) -> None:
        foreign: set[str] = {str(os.getpid())}
        while not self._ended.wait(_PAUSE):
            for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
                if pid in foreign:
                    continue
                try:
                    environ = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
                    words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
                except ProcessLookupError:  # a thread of the kernel's, or at its end
                    foreign.add(pid)
                    continue
                except OSError:
                    continue
                if self._mark in environ:
                    self._note(words, environ)
                elif any(environ):
                    foreign.add(pid)


def _on_event(event: str, given: tuple[Any, ...]) -> None:
    for watch in _active:
        if event == "subprocess.Popen":
            watch.note(given[1], given[3])
        elif event in ("os.exec", "os.posix_spawn"):
            watch.note(given[1], given[2])
        elif event == "os.system":
            watch.note(given[0], None)


sys.addaudithook(_on_event)
