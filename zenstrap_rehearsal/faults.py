"""Faults that a test injects into the rehearsal: errors, lost replies, and time that passes."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from zenstrap_rehearsal.errors import ApiError


class ReplyLostError(Exception):
    """The call was carried out, and nobody hears of it."""


@dataclass
class Fault:
    """One injected fault; ``hits`` says how often it has struck."""

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
        """The error that it stands for; `usual` says which words are usual."""
        return self.error or (usual(self.code) if self.code else None)


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
        """Let the next `count` matching calls fail, or take time, or both.

        Args:
            kind: Terraform's name of a kind, with wildcards: ``google_kms_*``.
            operation: create, read, update, delete, import or ``*``; or ``created``: it is there
                by then, and only the answer is late, or lost.
            path: instead of a kind, the path of a REST call after the service's address, unquoted,
                with wildcards: ``/iam/v1/projects/*/serviceAccounts``, ``/storage/v1/b/NAME``.
            method: the HTTP method, or ``*``.
            code: an error by its HTTP status, in the service's usual words.
            error: or a whole error.
            after: a REST call is carried out first; without an error the connection breaks off.
            seconds: how long the call takes before it fails or goes on.
            count: how many calls are struck.
        """
        if bool(kind) == bool(path):
            raise ValueError("a fault strikes either a kind or a path")
        if kind and after:
            raise ValueError("what comes after the operation on a kind is operation='created'")
        fault = Fault(method, path, kind, operation, code, error, after, seconds, count)
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
            self._denied.clear()
            self._unknown.clear()
            self.propagation_calls = 0

    @contextmanager
    def on_request(
        self, method: str, path: str, usual: type[ApiError] = ApiError
    ) -> Iterator[None]:
        """Strike a REST call: before it is carried out within this, or after.

        Args:
            usual: has the usual words of the service.

        Raises:
            ApiError: the injected one.
            ReplyLostError: the caller should hear nothing.
        """
        fault = self._struck(lambda one: one.strikes_request(method, path))
        refusal = fault and fault.refusal(usual)
        if refusal and fault and not fault.after:
            raise refusal
        yield
        if fault and fault.after:
            raise refusal or ReplyLostError

    def on_kind(self, kind: str, operation: str) -> None:
        """Strike what Terraform asks the provider to do.

        Raises:
            ApiError: the injected one.
        """
        self._strike_kind(kind, "*", operation)

    def on_created(self, kind: str) -> None:
        """Strike between the creation and the answer.

        Raises:
            ApiError: the injected one.
        """
        self._strike_kind(kind, "created")

    def _strike_kind(self, kind: str, *operations: str) -> None:
        fault = self._struck(lambda one: one.strikes_kind(kind, *operations))
        if refusal := fault and fault.refusal(ApiError):
            raise refusal

    def _struck(self, chosen: Callable[[Fault], bool]) -> Fault | None:
        """The first fault that is left of those chosen, after its time has passed."""
        with self._lock:
            fault = next((f for f in self._faults if f.left > 0 and chosen(f)), None)
            if fault:
                fault.left -= 1
                fault.hits += 1
        if fault and fault.seconds:
            self._sleep(fault.seconds)
        return fault
