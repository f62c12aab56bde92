"""Leases as objects in the state bucket, beside the state that they protect."""

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

# Timeout of a reply: half of the time between two heartbeats.
_SECONDS = 8.0
_ATTEMPTS = 3
_WAIT = 0.5  # seconds before the second attempt, doubled before the third


class GcsLeaseStore:
    """Leases as objects ``PREFIX/ENV/lease.json`` of a bucket; generations are Google's own.

    Args:
        client: acts as the principal that may change the state.
        prefix: the folder of all environments' states in that bucket.
        pause: waits some seconds before another attempt.

    Every write carries a random id: if its answer is lost and the retry is refused, the id shows
    whether the stored object is this write's or another run's.
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
                # On a retry: the first attempt deleted it, but its answer was lost.
                return tries > 1
        return True

    def place(self, environment: str) -> str:
        """The lease's place as a user would write it."""
        return f"gs://{self._bucket}/{self._name(environment)}"

    def _name(self, environment: str) -> str:
        from zenstrap.config.names import environment_name_fault

        if fault := environment_name_fault(environment):
            raise UsageError(fault)
        return f"{self._prefix}/{environment}/{OBJECT}"

    def _blob(self, environment: str) -> Blob:
        return self._client.bucket(self._bucket).blob(self._name(environment))

    def _download(self, environment: str) -> tuple[bytes, int]:
        """Content and generation of the same version: both are in one reply."""
        blob = self._blob(environment)
        content = blob.download_as_bytes(timeout=_SECONDS, retry=None)
        return content, int(blob.generation or 0)

    def _own_write(self, environment: str, mark: str) -> int | None:
        """The generation if the stored object is the write that was refused on its retry."""
        from google.cloud.exceptions import NotFound

        try:
            content, generation = self._retried(lambda: self._download(environment))
            return generation if _parse(content, environment)[1] == mark else None
        except (NotFound, ValueError):
            return None

    def _require_bucket(self, error: Exception, environment: str) -> None:
        """A missing object means no lease, but a missing bucket is an error."""
        from google.cloud.exceptions import Forbidden, NotFound

        try:
            self._retried(
                lambda: self._client.bucket(self._bucket).reload(timeout=_SECONDS, retry=None)
            )
        except NotFound:
            raise GoogleError(
                f"the lease on {environment} can't be stored: bucket {self._bucket} doesn't exist",
                where=f"gs://{self._bucket}",
                why="The bucket holds state and lease; `up` creates it",
                fix="Correct state.bucket, or create it",
                command=invocation.command("up", environment),
            ) from error
        except Forbidden:
            return  # a user with access to the lease only may not read the bucket

    def _retried(self, call: Callable[[], ResultT]) -> ResultT:
        """Replaces the client's own retries, which would hide that an answer was lost."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return call()
            except Exception as error:
                if attempt == _ATTEMPTS or not is_passing(error):
                    raise
            self._pause(_WAIT * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")


def _parse(content: bytes, environment: str) -> tuple[LeaseRecord, str]:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")
    record = LeaseRecord.from_json(document.get("lease"))
    if record.environment != environment:
        raise ValueError(f"it is the lease on {record.environment}")
    return record, str(document.get("write"))


def _corrupt(environment: str, place: str, why: str, generation: int) -> DamagedLeaseError:
    return DamagedLeaseError(
        f"the lease on {environment} can't be read",
        where=place,
        why=f"The object is damaged or was written by another version of zenstrap: {why}",
        fix=f"Make sure that no other run is changing {environment}, then free it",
        command=invocation.command("unlock", environment),
        generation=generation,
    )
