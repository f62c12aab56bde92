"""Leases as objects in the state bucket, beside the state that they guard."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from zenstrap import invocation
from zenstrap.errors import DamagedLeaseError, UsageError
from zenstrap.lease.record import LeaseRecord
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.storage.client import is_passing, reaching

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

OBJECT = "lease.json"
ResultT = TypeVar("ResultT")

# A reply is waited for half as long as there is between two heartbeats.
_SECONDS = 8.0
_ATTEMPTS = 3
_WAIT = 0.5  # seconds before the second attempt, doubled before the third


class GcsLeaseStore:
    """Leases as objects ``PREFIX/ENV/lease.json`` of a bucket; generations are Google's own.

    Args:
        client: acts as the principal that may change the state.
        prefix: the folder of all environments' states in that bucket.
        pause: waits some seconds before another attempt.

    Every write carries a word of its own, so that a write whose answer got lost is told from
    somebody else's when it is tried again and refused.
    """

    def __init__(
        self,
        client: Client,
        bucket: str,
        prefix: str,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._pause = pause

    def read(self, environment: str) -> tuple[LeaseRecord, int] | None:
        from google.cloud.exceptions import NotFound

        place = self.place(environment)
        with reaching(f"the lease on {environment} can't be read", where=place):
            try:
                content, generation = self._retried(lambda: self._download(environment))
            except NotFound as error:
                self._require_bucket(error, environment)
                return None
        try:
            return _parse(content, environment)[0], generation
        except (ValueError, RecursionError) as error:
            raise _corrupt(environment, place, str(error), generation) from error

    def write(self, record: LeaseRecord, if_generation: int | None) -> int | None:
        from google.cloud.exceptions import PreconditionFailed

        environment = record.environment
        mark = os.urandom(8).hex()
        text = json.dumps({"write": mark, "lease": record.to_json()}, indent=1)

        def upload() -> int:
            blob = self._blob(environment)
            blob.upload_from_string(
                text,
                content_type="application/json",
                if_generation_match=if_generation or 0,
                timeout=_SECONDS,
                retry=None,
            )
            return int(blob.generation or 0)

        with reaching(
            f"the lease on {environment} can't be written", where=self.place(environment)
        ):
            try:
                return self._retried(upload)
            except PreconditionFailed:
                return self._own_write(environment, mark)

    def delete(self, environment: str, if_generation: int | None) -> bool:
        from google.cloud.exceptions import NotFound, PreconditionFailed

        tries = 0

        def remove() -> None:
            nonlocal tries
            tries += 1
            self._blob(environment).delete(
                if_generation_match=if_generation, timeout=_SECONDS, retry=None
            )

        with reaching(f"the lease on {environment} can't be freed", where=self.place(environment)):
            try:
                self._retried(remove)
            except PreconditionFailed:
                return False
            except NotFound as error:
                self._require_bucket(error, environment)
                # Tried before: it was there, and that attempt's answer got lost.
                return tries > 1
        return True

    def place(self, environment: str) -> str:
        """The lease's place as a user would name it."""
        return f"gs://{self._bucket}/{self._name(environment)}"

    def _name(self, environment: str) -> str:
        from zenstrap.config.names import environment_name_fault

        if fault := environment_name_fault(environment):
            raise UsageError(fault)
        return f"{self._prefix}/{environment}/{OBJECT}"

    def _blob(self, environment: str) -> Blob:
        return self._client.bucket(self._bucket).blob(self._name(environment))

    def _download(self, environment: str) -> tuple[bytes, int]:
        """Content and generation of one and the same object: both come with one answer."""
        blob = self._blob(environment)
        content = blob.download_as_bytes(timeout=_SECONDS, retry=None)
        return content, int(blob.generation or 0)

    def _own_write(self, environment: str, mark: str) -> int | None:
        """The generation if what lies there is the very write that was refused."""
        from google.cloud.exceptions import NotFound

        try:
            content, generation = self._retried(lambda: self._download(environment))
            return generation if _parse(content, environment)[1] == mark else None
        except (NotFound, ValueError):
            return None

    def _require_bucket(self, error: Exception, environment: str) -> None:
        """No object is no lease; no bucket is an error."""
        from google.cloud.exceptions import Forbidden, NotFound

        try:
            self._retried(
                lambda: self._client.bucket(self._bucket).reload(timeout=_SECONDS, retry=None)
            )
        except NotFound:
            raise GoogleError(
                f"the lease on {environment} has no place: there is no bucket {self._bucket}",
                where=f"gs://{self._bucket}",
                why="State and lease lie in that bucket, and `up` makes it",
                fix="Correct state.bucket, or make it",
                command=invocation.command("up", environment),
            ) from error
        except Forbidden:
            return  # whoever may read the lease alone isn't allowed to look at the bucket

    def _retried(self, call: Callable[[], ResultT]) -> ResultT:
        """The client's own retries are off: they would hide that an answer got lost."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return call()
            except Exception as error:
                if attempt == _ATTEMPTS or not is_passing(error):
                    raise
            self._pause(_WAIT * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")


def _parse(content: bytes, environment: str) -> tuple[LeaseRecord, str]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")
    record = LeaseRecord.from_json(found.get("lease"))
    if record.environment != environment:
        raise ValueError(f"it is the lease on {record.environment}")
    return record, str(found.get("write"))


def _corrupt(environment: str, place: str, why: str, generation: int) -> DamagedLeaseError:
    return DamagedLeaseError(
        f"the lease on {environment} can't be read",
        where=place,
        why=f"The object is damaged or was written by another version of zenstrap: {why}",
        fix=f"Make sure that no other run is changing {environment}, then free it",
        command=invocation.command("unlock", environment),
        generation=generation,
    )
