"""Faults that a test injects into calls to Cloud Storage."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import dataclass

from zenstrap_rehearsal.storage.refusals import Refusal


@dataclass
class Fault:
    """One injected fault; ``hits`` says how often it has struck."""

    method: str
    path: str
    code: int | None
    after: bool
    seconds: float
    left: int
    hits: int = 0


class Faults:
    """The faults of one storage server; safe to use from any thread.

    Args:
        sleep: what lets time pass, so that a test's clock can.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        *,
        path: str = "*",
        method: str = "*",
        code: int | None = None,
        after: bool = False,
        seconds: float = 0.0,
        count: int = 1,
    ) -> Fault:
        """Let the next `count` matching calls fail, or take time, or both.

        Args:
            path: unquoted, without the query, with wildcards: ``/storage/v1/b/NAME/o/*``.
            method: the HTTP method, or ``*``.
            code: status of the error; with `after` and without it, the connection breaks off.
            after: the call is carried out first, and only its reply gets lost.
            seconds: how long it takes before.
        """
        fault = Fault(method, path, code, after, seconds, count)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that a call meets, after its time has passed.

        Raises:
            Refusal: the injected error, if it comes before the call.
        """
        with self._lock:
            fault = next((f for f in self._faults if _matches(f, method, path)), None)
            if not fault:
                return None
            fault.left -= 1
            fault.hits += 1
        if fault.seconds:
            self._sleep(fault.seconds)
        if fault.code and not fault.after:
            raise Refusal(fault.code)
        return fault


def _matches(fault: Fault, method: str, path: str) -> bool:
    return (
        fault.left > 0 and fault.method in ("*", method) and fnmatch.fnmatchcase(path, fault.path)
    )
