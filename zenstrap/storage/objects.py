"""Single objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.storage.client import reaching

if TYPE_CHECKING:
    from google.cloud.storage import Client

_SECONDS = 30.0


def read_object(client: Client, bucket: str, name: str) -> bytes | None:
    """The content of an object; None where there is no such object, or no such bucket.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: Cloud Storage is out of reach, or said no.
    """
    from google.cloud.exceptions import NotFound

    place = f"gs://{bucket}/{name}"
    with reaching("the object can't be read", where=place, project=client.project):
        try:
            return bytes(client.bucket(bucket).blob(name).download_as_bytes(timeout=_SECONDS))
        except NotFound:
            return None
