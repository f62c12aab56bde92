"""The owner's record of an environment, beside its state in a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zenstrap.owner import FILE, Owner, parse_owner
from zenstrap.platforms.gcp.storage.client import reaching
from zenstrap.platforms.gcp.storage.objects import read_object

if TYPE_CHECKING:
    from google.cloud.storage import Client

_SECONDS: Final = 30.0


class GcsOwnerStore:
    """The owner's record as an object beside the state.

    Args:
        prefix: the environment's folder in the bucket.
        environment: its name.
    """

    def __init__(self, client: Client, bucket: str, prefix: str, environment: str) -> None:
        self._client = client
        self._bucket = bucket
        self._name = f"{prefix}/{FILE}"
        self._environment = environment

    @property
    def place(self) -> str:
        return f"gs://{self._bucket}/{self._name}"

    def read(self) -> Owner | None:
        content = read_object(self._client, self._bucket, self._name)
        return None if content is None else parse_owner(content, self.place, self._environment)

    def write(self, owner: Owner) -> None:
        what = "the owner's record can't be written"
        with reaching(what, where=self.place, project=self._client.project):
            self._client.bucket(self._bucket).blob(self._name).upload_from_string(
                owner.to_json(), content_type="application/json", timeout=_SECONDS
            )
