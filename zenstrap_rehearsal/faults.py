"""Faults that a test injects into the rehearsal: errors, lost replies and latency."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from zenstrap_rehearsal.errors import ApiError


class ReplyLostError(Exception):
    """The call was carried out, but its reply is lost."""


@dataclass
class Fault:
    """One injected fault; ``hits`` counts how often it was applied."""

    method: str
    path: str
    kind: str
    operation: str
    code: int | None
    error: ApiError | None
    after: bool
    seconds: float
    left: int
    hits: int = 0

    def strikes_request(self, method: str, path: str) -> bool:
        wanted = self.path and fnmatch.fnmatchcase(path, self.path)
        return bool(wanted) and self.method in ("*", method)

    def strikes_kind(self, kind: str, *operations: str) -> bool:
        wanted = self.kind and fnmatch.fnmatchcase(kind, self.kind)
        return bool(wanted) and self.operation in operations

    def refusal(self, usual: type[ApiError]) -> ApiError | None:
        """The error that it injects; `usual` has the service's usual messages."""
        return self.error or (usual(self.code) if self.code else None)


class Faults:
    """The faults of one rehearsal; safe to use from any thread.

    Args:
        sleep: waits for the injected latency; a test may advance its own clock instead.
    """

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._denied: set[str] = set()
        self._unknown: dict[str, int] = {}
        self.propagation_calls = 0

    def add(
        self,
        *,
        kind: str = "",
        operation: str = "*",
        path: str = "",
        method: str = "*",
        code: int | None = None,
        error: ApiError | None = None,
        after: bool = False,
        seconds: float = 0.0,
        count: int = 1,
    ) -> Fault:
        """Make the next `count` matching calls fail, or take longer, or both.

        Args:
            kind: Terraform's name of a resource type, with wildcards: ``google_kms_*``.
            operation: create, read, update, delete, import or ``*``; or ``created``: the resource
                is created, and only the reply is late or lost.
            path: instead of a kind, the path of a REST call after the service's base URL, unquoted,
                with wildcards: ``/iam/v1/projects/*/serviceAccounts``, ``/storage/v1/b/NAME``.
            method: the HTTP method, or ``*``.
            code: HTTP status of the error, with the service's usual message.
            error: or a complete error.
            after: a REST call is carried out first; without an error the connection is closed.
            seconds: how long the call takes before it fails or continues.
            count: how many calls the fault applies to.
        """
        if bool(kind) == bool(path):
            raise ValueError("a fault needs either a kind or a path")
        if kind and after:
            raise ValueError("after is for paths; for a kind use operation='created'")
        fault = Fault(method, path, kind, operation, code, error, after, seconds, count)
        with self._lock:
            self._faults.append(fault)
        return fault

    def service_account_unknown_yet(self, email: str, count: int = 1) -> None:
        """Refuse the next `count` policies that name an account, also buckets'.

        For some seconds after its creation, IAM reports that an account doesn't exist.
        """
        with self._lock:
            self._unknown[email] = count

    def knows(self, email: str) -> bool:
        """Whether IAM accepts an account by now; each call counts for the injected fault."""
        with self._lock:
            remaining = self._unknown.get(email, 0)
            self._unknown[email] = max(remaining - 1, 0)
            return remaining == 0

    def deny(self, *permissions: str) -> None:
        """Revoke permissions from all callers, including the owner, until `allow`."""
        with self._lock:
            self._denied.update(permissions)

    def allow(self, *permissions: str) -> None:
        with self._lock:
            self._denied.difference_update(permissions)

    def denied(self, permission: str) -> bool:
        with self._lock:
            return permission in self._denied

    def propagate(self, calls: int) -> None:
        """Each API that is enabled from now on refuses this many calls first."""
        self.propagation_calls = calls

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._denied.clear()
            self._unknown.clear()
            self.propagation_calls = 0

    @contextmanager
    def on_request(
        self, method: str, path: str, usual: type[ApiError] = ApiError
    ) -> Iterator[None]:
        """Apply a matching fault to a REST call: before the block that carries it out, or after.

        Args:
            usual: has the service's usual messages.

        Raises:
            ApiError: the injected error.
            ReplyLostError: the caller should get no reply.
        """
        fault = self._struck(lambda fault: fault.strikes_request(method, path))
        refusal = fault and fault.refusal(usual)
        if refusal and fault and not fault.after:
            raise refusal
        yield
        if fault and fault.after:
            raise refusal or ReplyLostError

    def on_kind(self, kind: str, operation: str) -> None:
        """Apply a matching fault to an operation of the provider.

        Raises:
            ApiError: the injected error.
        """
        self._strike_kind(kind, "*", operation)

    def on_created(self, kind: str) -> None:
        """Apply a matching fault between the creation and the reply.

        Raises:
            ApiError: the injected error.
        """
        self._strike_kind(kind, "created")

    def _strike_kind(self, kind: str, *operations: str) -> None:
        fault = self._struck(lambda fault: fault.strikes_kind(kind, *operations))
        if refusal := fault and fault.refusal(ApiError):
            raise refusal

    def _struck(self, matches: Callable[[Fault], bool]) -> Fault | None:
        """The first active fault that matches, after its latency has passed."""
        with self._lock:
            fault = next((f for f in self._faults if f.left > 0 and matches(f)), None)
            if fault:
                fault.left -= 1
                fault.hits += 1
        if fault and fault.seconds:
            self._sleep(fault.seconds)
        return fault
