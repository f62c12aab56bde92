"""Objects in buckets."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import Kind
from zenstrap_rehearsal.provider.mapping import camel
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.storage import object_path
from zenstrap_rehearsal.provider.values import UNKNOWN, Object

_SENT: Final = (
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
    "event_based_hold",
    "kms_key_name",
    "metadata",
    "storage_class",
    "temporary_hold",
)
_READ: Final = (*_SENT, "content_type", "crc32c", "media_link", "self_link")
_UNCHANGEABLE: Final = (
    "bucket",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
    "content_type",
    "kms_key_name",
    "metadata",
    "name",
    "source",
    "storage_class",
)


class BucketObject(Kind):
    name = "google_storage_bucket_object"
    rules = Rules(
        defaults={"detect_md5hash": "different hash"},
        force_new=frozenset(_UNCHANGEABLE),
        exactly_one=(("content", "source"),),
        # A change of the content is detected in `customize`.
        equivalent={"detect_md5hash": lambda before, after: True},
    )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        """Changed content means a new generation and new hashes."""
        if prior is not None and _digest(planned, session.folder) not in (
            None,
            prior.get("md5hash"),
        ):
            for name in ("crc32c", "detect_md5hash", "generation", "md5hash", "md5hexhash"):
                planned[name] = UNKNOWN

    def create(self, planned: Object, session: Session) -> Object:
        return self._upload(planned, session)

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.storage.find(object_path(state["bucket"], state["name"]))
        return response and self._state(state, response)

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        return self._upload(planned, session)

    def delete(self, state: Object, session: Session) -> None:
        if state.get("deletion_policy") == "ABANDON":
            return
        try:
            session.storage.call("DELETE", object_path(state["bucket"], state["name"]))
        except ApiError as error:
            if error.code != 404:
                raise ProviderError(
                    f"Error deleting contents of object {state['name']}: {error}"
                ) from error

    def import_state(self, identifier: str, session: Session) -> Object:
        raise ProviderError("resource google_storage_bucket_object doesn't support import")

    def _upload(self, planned: Object, session: Session) -> Object:
        metadata = {camel(n): planned[n] for n in _SENT if planned.get(n) not in (None, UNKNOWN)}
        metadata["name"] = planned["name"]
        kind = planned.get("content_type")
        metadata["contentType"] = kind if isinstance(kind, str) else "text/plain; charset=utf-8"
        try:
            response = session.storage.upload(
                planned["bucket"], metadata, _content(planned, session.folder)
            )
        except ApiError as error:
            raise ProviderError(f"Error uploading object {planned['name']}: {error}") from error
        return self._state(planned, response)

    def _state(self, known: Object, response: Object) -> Object:
        md5 = response.get("md5Hash")
        return {
            "id": f"{known['bucket']}-{response['name']}",
            "bucket": known["bucket"],
            "name": response["name"],
            "output_name": response["name"],
            "generation": int(response["generation"]),
            "md5hash": md5,
            "md5hexhash": base64.b64decode(md5).hex() if md5 else None,
            "detect_md5hash": md5,
            **{name: response.get(camel(name)) for name in _READ},
        }


def _content(planned: Object, folder: Path) -> bytes:
    if isinstance(planned.get("content"), str):
        return str(planned["content"]).encode()
    return (folder / str(planned["source"])).read_bytes()


def _digest(planned: Object, folder: Path) -> str | None:
    """The content's hash as Google writes it; None if the content isn't known."""
    source, content = planned.get("source"), planned.get("content")
    if isinstance(content, str):
        data = content.encode()
    elif isinstance(source, str) and (folder / source).is_file():
        data = (folder / source).read_bytes()
    else:
        return None
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
