"""Faults that a test injects into the rehearsal: errors, and time that passes."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from zenstrap_rehearsal.cloud.errors import ApiError

if TYPE_CHECKING:
    from zenstrap_rehearsal.storage.faults import Faults as StorageFaults

# How Google says it, by code; 403 and 409 need more than a code.
_MESSAGES: Final = {
    409: "Requested entity already exists",
    429: "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute'.",
    500: "Internal error encountered.",
    503: "The service is currently unavailable.",
}

_STORAGE: Final = ("/storage/", "/upload/", "/download/")


class Hits(Protocol):
    """How often a fault has struck."""

    hits: int


@dataclass
class Fault:
    """One injected fault; ``hits`` says how often it has struck."""

    method: str
    path: str
    kind: str
    operation: str
    error: ApiError | None
    seconds: float
    left: int
    hits: int = 0

    def strikes_request(self, method: str, path: str) -> bool:
        wanted = self.path and fnmatch.fnmatchcase(path, self.path)
        return bool(wanted) and self.method in ("*", method)

    def strikes_kind(self, kind: str, operation: str) -> bool:
        wanted = self.kind and fnmatch.fnmatchcase(kind, self.kind)
        return bool(wanted) and self.operation in ("*", operation)


class Faults:
    """The faults of one rehearsal; safe to use from any thread.

    Args:
        sleep: what lets time pass, so that a test's clock can.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._denied: set[str] = set()
        self._unknown: dict[str, int] = {}
        self._storage: StorageFaults | None = None
        self.propagation_calls = 0

    def on_storage(self, faults: StorageFaults) -> None:
        """Where faults of storage's own paths go."""
        self._storage = faults

    def add(
        self,
        *,
        kind: str = "",
        operation: str = "*",
        path: str = "",
        method: str = "*",
        code: int | None = None,
        error: ApiError | None = None,
        seconds: float = 0.0,
        count: int = 1,
    ) -> Hits:
        """Let the next `count` matching calls fail, or take time, or both.

        Args:
            kind: Terraform's name of a kind, with wildcards: ``google_kms_*``.
            operation: create, read, update, delete, import or ``*``; or ``created``: it is there
                by then, and only the answer is late, or lost.
            path: instead of a kind, the path of a REST call after the service's address, with
                wildcards: ``/iam/v1/projects/*/serviceAccounts``, ``/storage/v1/b/NAME``.
            method: the HTTP method, or ``*``.
            code: an error by its HTTP status, in Google's usual words.
            error: or a whole error, but not for storage.
            seconds: how long the call takes before it fails or goes on.
            count: how many calls are struck.
        """
        if bool(kind) == bool(path):
            raise ValueError("a fault strikes either a kind or a path")
        if path.startswith(_STORAGE):
            if error is not None or self._storage is None:
                raise ValueError("storage answers with a code alone, while it runs")
            return self._storage.add(
                path=path, method=method, code=code, seconds=seconds, count=count
            )
        if error is None and code is not None:
            error = ApiError(code, _MESSAGES.get(code, "The request was refused."))
        fault = Fault(method, path, kind, operation, error, seconds, count)
        with self._lock:
            self._faults.append(fault)
        return fault

    def service_account_unknown_yet(self, email: str, count: int = 1) -> None:
        """Let the next `count` policies that name an account be refused, buckets' too.

        For some seconds after it was made, IAM says that an account doesn't exist.
        """
        with self._lock:
            self._unknown[email] = count

    def knows(self, email: str) -> bool:
        """Whether IAM knows an account by now."""
        with self._lock:
            left = self._unknown.get(email, 0)
            self._unknown[email] = max(left - 1, 0)
            return left == 0

    def deny(self, *permissions: str) -> None:
        """Take permissions away from the owner too, until `allow`."""
        with self._lock:
            self._denied.update(permissions)

    def allow(self, *permissions: str) -> None:
        with self._lock:
            self._denied.difference_update(permissions)

    def denied(self, permission: str) -> bool:
        with self._lock:
            return permission in self._denied

    def propagate(self, calls: int) -> None:
        """Each API that is enabled from now on refuses this many calls more."""
        self.propagation_calls = calls

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            if self._storage:
                self._storage.clear()
            self._denied.clear()
            self._unknown.clear()
            self.propagation_calls = 0

    def on_request(self, method: str, path: str) -> None:
        """Strike a REST call.

        Raises:
            ApiError: the injected one.
        """
        self._strike(lambda fault: fault.strikes_request(method, path))

    def on_kind(self, kind: str, operation: str) -> None:
        """Strike what Terraform asks the provider to do.

        Raises:
            ApiError: the injected one.
        """
        self._strike(lambda fault: fault.strikes_kind(kind, operation))

    def on_created(self, kind: str) -> None:
        """Strike between the creation and the answer.

        Raises:
            ApiError: the injected one.
        """
        self._strike(
            lambda fault: (
                fault.kind != ""
                and fault.operation == "created"
                and fnmatch.fnmatchcase(kind, fault.kind)
            )
        )

    def _strike(self, chosen: Callable[[Fault], bool]) -> None:
        with self._lock:
            struck = [f for f in self._faults if f.left > 0 and chosen(f)][:1]
            for fault in struck:
                fault.left -= 1
                fault.hits += 1
        for fault in struck:
            if fault.seconds:
                self._sleep(fault.seconds)
            if fault.error:
                raise fault.error
