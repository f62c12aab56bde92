"""The embedded Cloud Storage server, which the rehearsal starts and stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from zenstrap_rehearsal import web
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.iam import OWNER
from zenstrap_rehearsal.storage.backend import Backend
from zenstrap_rehearsal.storage.buckets import timestamp
from zenstrap_rehearsal.storage.calls import Call
from zenstrap_rehearsal.storage.lifecycle import Deed, due
from zenstrap_rehearsal.storage.object_calls import remove
from zenstrap_rehearsal.storage.refusals import Refusal, unauthenticated
from zenstrap_rehearsal.storage.routes import Routes
from zenstrap_rehearsal.storage.store import Store
from zenstrap_rehearsal.storage.surroundings import Surroundings
from zenstrap_rehearsal.storage.versions import State


class StorageServer:
    """Cloud Storage on a port of this machine, from `start` to `stop`; nothing is kept.

    Args:
        directory: the child process's working directory.
        accounts: the principal of a bearer token: "owner", an e-mail address, or None if invalid.
        surroundings: the other services of the cloud.
        now: the current time, with a time zone.
        faults: errors and latency to inject.
    """

    def __init__(
        self,
        directory: Path,
        accounts: Callable[[str], str | None],
        *,
        surroundings: Surroundings | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        faults: Faults | None = None,
    ) -> None:
        self.faults = faults or Faults(time.sleep)
        self._backend = Backend(directory)
        self._store = Store(self._backend, surroundings or Surroundings(), now)
        self._routes = Routes(self._store)
        self._accounts = accounts
        self._web: web.WebServer | None = None

    @property
    def store(self) -> Store:
        """The stored buckets and objects."""
        return self._store

    @property
    def url(self) -> str:
        """Base URL, without a trailing slash; the JSON API is below ``/storage/v1/``."""
        return self._store.url

    @property
    def child(self) -> int:
        """Process id of fake-gcs-server."""
        return self._backend.pid

    def start(self) -> None:
        """Start, and return when the server is ready.

        Raises:
            BackendError: fake-gcs-server is missing or doesn't start.
        """
        self._backend.start()
        self._web = web.WebServer(self._answer)
        self._store.url = self._web.url
        self._web.start()

    def stop(self) -> None:
        if self._web:
            self._web.stop()
        self._backend.stop()
        self._store.buckets.clear()

    def __enter__(self) -> StorageServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def take_name(self, bucket: str) -> None:
        """Make a bucket name belong to another user."""
        self._store.taken.add(bucket)

    def hide_missing_objects(self, hidden: bool = True) -> None:
        """Return 404 for a missing object only to callers who may list the whole bucket, else 403.

        Google decides by the object's own name, as far as is known; see the README.
        """
        self._store.hide_missing = hidden

    def run_lifecycle(self, now: datetime, buckets: Iterable[str] | None = None) -> list[Deed]:
        """Apply the buckets' lifecycle rules at a time, and delete expired soft-deleted objects.

        Args:
            buckets: only these; all by default.
        """
        deeds: list[Deed] = []
        store = self._store
        with store.lock:
            self._routes.uploads.expire(now)
            chosen = store.buckets if buckets is None else set(buckets)
            for bucket in (b for name, b in store.buckets.items() if name in chosen):
                rules = bucket.resource.get("lifecycle", {}).get("rule", [])
                keeping = store.keeping(bucket, now)
                for version in list(bucket.shelf):
                    if version.state is State.SOFT_DELETED:
                        if datetime.fromisoformat(version.resource["hardDeleteTime"]) <= now:
                            bucket.shelf.delete(version, keeping)
                        continue
                    newer = bucket.shelf.newer(version)
                    action = due(rules, version, newer=newer, now=now)
                    if not action:
                        continue
                    deeds.append(
                        Deed(bucket.name, version.name, version.generation, action["type"])
                    )
                    if action["type"] == "Delete":
                        remove(store, bucket, version, keeping)
                    else:
                        version.resource["storageClass"] = action["storageClass"]
                        version.touch(timestamp(now))
        return deeds

    def _answer(self, call: web.Call) -> web.Reply:
        with self.faults.on_request(call.method, unquote(call.path), Refusal):
            principal = OWNER if call.token is None else self._accounts(call.token)
            if principal is None:
                raise unauthenticated()
            return self._routes.carry_out(Call(**vars(call), principal=principal))
