"""Where a run can be hit: before and after each of its writes, and of Terraform's.

A point is told by its name and by how often that name came before, so that the same one is found
again in another run.
"""

from __future__ import annotations

import builtins
import collections
import functools
import io
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Point = tuple[str, int]
OnPoint = Callable[[Point], None]

_WRITES: Final = re.compile(r"(create|update|delete|batch|attach|detach|get_or_create)_")
# Run keys, lineages and the like: another one in each run.
_RANDOM: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|tmp\w{8}|\d+\.\d+")
_FILE_CALLS: Final = (
    "open", "replace", "rename", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "truncate"
)  # fmt: skip


class Points:
    """Counts the points of this process and calls back at each.

    Args:
        home: files below it count.
        on_point: called in whichever thread comes to a point. It may never return.
    """

    def __init__(self, home: Path, on_point: OnPoint) -> None:
        self._home = str(home)
        self._on_point = on_point
        self._seen: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._store_call = threading.local()

    def install(self) -> None:
        """Only for a process that ends soon: nothing is put back."""
        self.watch_files()
        self._around_terraform()
        self._around_zenml()
        self._around_google()

    def at(self, name: str) -> None:
        with self._lock:
            number = self._seen[name]
            self._seen[name] += 1
        self._on_point((name, number))

    def _around(self, owner: Any, name: str, describe: Callable[..., str | None]) -> None:
        real = getattr(owner, name)

        @functools.wraps(real)
        def wrapped(*given: Any, **named: Any) -> Any:
            what = describe(*given, **named)
            if what is None:
                return real(*given, **named)
            self.at(f"before {what}")
            result = real(*given, **named)
            self.at(f"after {what}")
            return result

        setattr(owner, name, wrapped)

    def watch_files(self) -> None:
        for name in _FILE_CALLS:
            self._around(os, name, functools.partial(self._file_call, name))
        real = io.open

        def opened(file: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
            what = self._below(file) if set(mode) & set("wax+") else None
            if what is None:
                return real(file, mode, *given, **named)
            self.at(f"before file open {what}")
            result = real(file, mode, *given, **named)
            self.at(f"after file open {what}")
            return result

        io.open = builtins.open = opened

    def _file_call(self, name: str, path: Any, *given: Any, **named: Any) -> str | None:
        if name == "open" and not (given and given[0] & (os.O_WRONLY | os.O_RDWR)):
            return None
        target = given[0] if name in ("replace", "rename", "link", "symlink") else path
        below = self._below(target)
        return None if below is None else f"file {name} {below}"

    def _below(self, path: Any) -> str | None:
        if not isinstance(path, str | os.PathLike):
            return None
        text = os.fspath(path)
        if not isinstance(text, str) or not text.startswith(f"{self._home}/"):
            return None
        return _RANDOM.sub("*", text.removeprefix(f"{self._home}/"))

    def _around_terraform(self) -> None:
        from zenstrap.terraform import process

        real = process.run

        def run(command: Any, **named: Any) -> Any:
            what = f"terraform {' '.join(w for w in command[1:4] if not str(w).startswith('-'))}"
            what = _RANDOM.sub("*", what.replace(self._home, ""))
            on_line = named.pop("on_line", None)

            def told(line: str) -> None:
                self.at(f"line of {what}")
                on_line(line)

            self.at(f"before {what}")
            ended = real(command, **named, on_line=told if on_line else None)
            self.at(f"after {what}")
            return ended

        process.run = run

    def _around_zenml(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.orm import Session
        from zenml.zen_stores.rest_zen_store import RestZenStore
        from zenml.zen_stores.sql_zen_store import SqlZenStore

        for name in [one for one in vars(SqlZenStore) if _WRITES.match(one)]:
            self._around_store_call(SqlZenStore, name)

        def writes(self: Any, method: str, url: str, *given: Any, **named: Any) -> str | None:
            if method == "GET":
                return None
            return f"zenml {method} {_RANDOM.sub('*', url.partition('/api/v1')[2])}"

        self._around(RestZenStore, "_request", writes)

        def committing(when: str) -> Callable[[Any], None]:
            def at(session: Any) -> None:
                if call := getattr(self._store_call, "name", None):
                    self.at(f"{when} commit of zenml {call}")

            return at

        event.listen(Session, "before_commit", committing("before"))
        event.listen(Session, "after_commit", committing("after"))

    def _around_store_call(self, store: Any, name: str) -> None:
        real = getattr(store, name)

        @functools.wraps(real)
        def wrapped(*given: Any, **named: Any) -> Any:
            if getattr(self._store_call, "name", None):  # one write calls others
                return real(*given, **named)
            self._store_call.name = name
            try:
                self.at(f"before zenml {name}")
                result = real(*given, **named)
                self.at(f"after zenml {name}")
                return result
            finally:
                self._store_call.name = None

        setattr(store, name, wrapped)

    def _around_google(self) -> None:
        from google.auth.transport.requests import AuthorizedSession

        def writes(self: Any, method: str, url: str, *given: Any, **named: Any) -> str | None:
            path = url.partition("://")[2].partition("/")[2].partition("?")[0]
            return None if method == "GET" else f"google {method} {_RANDOM.sub('*', path)}"

        self._around(AuthorizedSession, "request", writes)
