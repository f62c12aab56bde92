"""Uploads: in one request, with metadata before the content, or resumable in parts.

fake-gcs-server receives and joins them. This module corrects its resumable uploads: it would treat
a status request as the end of an upload, and a part that is sent twice as more content.
https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import Message
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from zenstrap_rehearsal.storage.calls import JSON, Call, Reply, parse_json
from zenstrap_rehearsal.storage.object_calls import authorize_writing, record
from zenstrap_rehearsal.storage.refusals import Refusal, invalid
from zenstrap_rehearsal.storage.store import Store, check_preconditions

_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
# A resumable upload that isn't finished expires after a week.
_LIFETIME: Final = timedelta(days=7)
_NOT_FORWARDED: Final = frozenset(
    {"host", "authorization", "connection", "content-length", "transfer-encoding"}
)


@dataclass
class Upload:
    """A resumable upload and its progress."""

    bucket: str
    name: str
    start: Call
    started: datetime
    received: int = 0
    result: JSON | None = None


class Uploads:
    """All uploads into a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, Upload] = {}

    def post(self, call: Call, bucket: str) -> Reply:
        if call.parameter("upload_id"):
            return self.send(call)
        kind = call.parameter("uploadType")
        if kind == "resumable":
            return self._start(call, bucket)
        if kind == "multipart":
            return self._whole(call, bucket, _metadata_part(call))
        if kind == "media":
            return self._whole(call, bucket, {})
        raise invalid(f"Invalid value for uploadType: {kind}")

    def send(self, call: Call) -> Reply:
        """Content for a resumable upload, or a request for its status."""
        upload = self._open.get(call.parameter("upload_id") or "")
        if not upload:
            raise Refusal(404, "Not Found")
        if upload.result:
            return Reply.of(upload.result)
        content_range = _RANGE.fullmatch(call.headers.get("content-range", ""))
        if content_range and not content_range.group(1):
            total = content_range.group(3)
            if total == "*" or int(total) != upload.received:
                return _incomplete(call, upload)
        elif content_range:
            sent = upload.received - int(content_range.group(1))
            if not 0 <= sent < len(call.body):
                return _incomplete(call, upload)
            if sent:
                call = _without(call, sent, content_range)
        return self._forward(call, upload)

    def cancel(self, call: Call) -> Reply:
        self._open.pop(call.parameter("upload_id") or "", None)
        return Reply(499)

    def expire(self, now: datetime) -> int:
        """Delete expired uploads, and return how many."""
        old = [key for key, upload in self._open.items() if now - upload.started >= _LIFETIME]
        for key in old:
            del self._open[key]
        return len(old)

    def _whole(self, call: Call, bucket_name: str, metadata: JSON) -> Reply:
        bucket = self._store.find(call, bucket_name, "storage.objects.create")
        name = call.parameter("name") or str(metadata.get("name", ""))
        authorize_writing(self._store, call, bucket, name)
        written = self._call(call)
        if written.status >= 400:
            return written
        return Reply.of(record(self._store, bucket, {**written.json(), **_custom(metadata)}))

    def _start(self, call: Call, bucket_name: str) -> Reply:
        bucket = self._store.find(call, bucket_name, "storage.objects.create")
        metadata = call.json()
        name = call.parameter("name") or str(metadata.get("name", ""))
        authorize_writing(self._store, call, bucket, name)
        if kind := call.headers.get("x-upload-content-type"):
            metadata.setdefault("contentType", kind)
        # fake-gcs-server keeps all metadata only if the body names no bucket.
        metadata.pop("bucket", None)
        content = Reply.of({**metadata, "name": name})
        started = self._call(
            replace(call, body=content.body, headers={**call.headers, **_lower(content.headers)})
        )
        if started.status >= 400:
            return started
        upload_id = parse_qs(urlsplit(started.headers["Location"]).query)["upload_id"][0]
        self._open[upload_id] = Upload(bucket_name, name, call, self._store.now())
        query = urlencode({"uploadType": "resumable", "name": name, "upload_id": upload_id})
        location = f"{self._store.url}/upload/storage/v1/b/{bucket_name}/o?{query}"
        return Reply(200, {"Location": location, "X-GUploader-UploadID": upload_id})

    def _forward(self, call: Call, upload: Upload) -> Reply:
        # The upload's URL authorizes it.
        bucket = self._store.find(upload.start, upload.bucket, "storage.objects.create")
        live = bucket.shelf.live(upload.name)
        check_preconditions(upload.start, live.resource if live else None)
        sent = self._call(call)
        if sent.status == 308 or "X-Http-Status-Code-Override" in sent.headers:
            upload.received += len(call.body)
            return _incomplete(call, upload)
        if sent.status >= 400:
            return sent
        upload.result = record(self._store, bucket, sent.json())
        return Reply.of(upload.result)

    def _call(self, call: Call) -> Reply:
        headers = {k: v for k, v in call.headers.items() if k not in _NOT_FORWARDED}
        query = urlencode([(k, v) for k, values in call.query.items() for v in values])
        path = f"{call.path}?{query}"
        return self._store.backend.call(call.method, path, headers=headers, body=call.body)


def _incomplete(call: Call, upload: Upload) -> Reply:
    headers = {"Range": f"bytes=0-{upload.received - 1}"} if upload.received else {}
    if "x-guploader-no-308" in call.headers:
        return Reply(200, {**headers, "X-Http-Status-Code-Override": "308"})
    return Reply(308, headers)


def _without(call: Call, sent: int, content_range: re.Match[str]) -> Call:
    """A part without its first bytes, which were received before."""
    start, end, total = content_range.groups()
    headers = {**call.headers, "content-range": f"bytes {int(start) + sent}-{end}/{total}"}
    return replace(call, headers=headers, body=call.body[sent:])


def _metadata_part(call: Call) -> JSON:
    """The first part of a multipart upload."""
    message = Message()
    message["Content-Type"] = call.headers.get("content-type", "")
    boundary = message.get_boundary()
    if not boundary:
        raise invalid("Multipart upload without a boundary.")
    _, _, rest = call.body.partition(b"--" + boundary.encode())
    part, _, _ = rest.partition(b"\n--" + boundary.encode())
    content = re.split(rb"\r?\n\r?\n", part.lstrip(b"\r\n"), maxsplit=1)
    return parse_json(content[-1])


def _custom(metadata: JSON) -> JSON:
    """The metadata that fake-gcs-server drops."""
    return {k: metadata[k] for k in ("eventBasedHold", "temporaryHold") if metadata.get(k)}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
