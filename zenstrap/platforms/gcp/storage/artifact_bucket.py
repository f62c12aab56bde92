"""Reads and empties an environment's artifact bucket without Terraform."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from zenstrap.platforms.gcp.storage.client import reaching

if TYPE_CHECKING:
    from google.cloud.storage import Client

_SECONDS: Final = 20.0


def exists(client: Client, name: str) -> bool:
    """Whether a bucket of that name exists and is visible.

    Raises:
        GoogleError, AuthenticationError: it can't be read.
    """
    with reaching("the artifact bucket can't be read", where=f"gs://{name}"):
        return client.lookup_bucket(name, timeout=_SECONDS) is not None


def labels(client: Client, name: str) -> dict[str, str] | None:
    """A bucket's labels; None if it doesn't exist, or isn't visible.

    Raises:
        GoogleError, AuthenticationError: it can't be read.
    """
    from google.cloud.exceptions import Forbidden

    with reaching("the artifact bucket can't be read", where=f"gs://{name}"):
        try:
            bucket = client.lookup_bucket(name, timeout=_SECONDS)
        except Forbidden:
            return None
        return None if bucket is None else dict(bucket.labels)


def first_objects(client: Client, name: str, number: int = 1) -> list[str]:
    """The names of some objects in a bucket, including older versions; none if it doesn't exist.

    Raises:
        GoogleError, AuthenticationError: it can't be read.
    """
    with reaching("the artifact bucket can't be read", where=f"gs://{name}"):
        if client.lookup_bucket(name, timeout=_SECONDS) is None:
            return []
        blobs = client.list_blobs(name, versions=True, max_results=number, timeout=_SECONDS)
        return [blob.name for blob in blobs]


def outside_of(client: Client, name: str, paths: Collection[str]) -> list[str]:
    """Objects and folders at the top level of a bucket, except some paths.

    Raises:
        GoogleError, AuthenticationError: it can't be read.
    """
    with reaching("the artifact bucket can't be read", where=f"gs://{name}"):
        if client.lookup_bucket(name, timeout=_SECONDS) is None:
            return []
        blobs = client.list_blobs(name, delimiter="/", timeout=_SECONDS)
        objects = [blob.name for blob in blobs]
        return sorted({*objects, *blobs.prefixes} - {*paths})


def delete_objects(client: Client, name: str, *, guard: Callable[[], None]) -> int:
    """Delete all objects of a bucket, including older versions; returns their number.

    Args:
        guard: called before each page; raises if nothing more may be written.

    Raises:
        GoogleError, AuthenticationError: Google refused the request.
    """
    deleted = 0
    with reaching("the artifact bucket can't be emptied", where=f"gs://{name}"):
        bucket = client.bucket(name)
        for page in client.list_blobs(name, versions=True, timeout=_SECONDS).pages:
            guard()
            blobs = list(page)
            bucket.delete_blobs(
                blobs, on_error=lambda blob: None, preserve_generation=True, timeout=_SECONDS
            )
            deleted += len(blobs)
    return deleted
