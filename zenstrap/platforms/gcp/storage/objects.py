"""Reads and writes single objects of a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zenstrap.platforms.gcp.storage.client import reaching

if TYPE_CHECKING:
    from google.cloud.storage import Client

_SECONDS = 30.0
_VERSIONS = 20  # of a state: every apply writes some; the last good one is among the newest


def write_object(client: Client, bucket: str, name: str, content: bytes | None) -> None:
    """Write an object, or delete it if content is None; the bucket keeps earlier versions.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: Cloud Storage is out of reach, or refused the request.
    """
    place = f"gs://{bucket}/{name}"
    with reaching("the object can't be written", where=place, project=client.project):
        blob = client.bucket(bucket).blob(name)
        if content is None:
            blob.delete(timeout=_SECONDS)
        else:
            blob.upload_from_string(content, content_type="application/json", timeout=_SECONDS)


def versions_of(client: Client, bucket: str, name: str) -> Iterator[tuple[str, bytes]]:
    """The newest earlier versions of an object, newest first, with their places.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: Cloud Storage is out of reach, or refused the request.
    """
    place = f"gs://{bucket}/{name}"
    with reaching("the object's versions can't be read", where=place, project=client.project):
        blobs = client.list_blobs(bucket, prefix=name, versions=True, timeout=_SECONDS)
        earlier = [blob for blob in blobs if blob.name == name and blob.time_deleted]
        for blob in sorted(earlier, key=lambda blob: -int(blob.generation))[:_VERSIONS]:
            content = blob.download_as_bytes(timeout=_SECONDS)
            yield f"{place}#{blob.generation}", bytes(content)


def read_object(client: Client, bucket: str, name: str) -> bytes | None:
    """The content of an object; None if the object or the bucket doesn't exist.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: Cloud Storage is out of reach, or refused the request.
    """
    from google.cloud.exceptions import NotFound

    place = f"gs://{bucket}/{name}"
    with reaching("the object can't be read", where=place, project=client.project):
        try:
            return bytes(client.bucket(bucket).blob(name).download_as_bytes(timeout=_SECONDS))
        except NotFound:
            return None
