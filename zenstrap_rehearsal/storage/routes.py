"""The routes: the paths of the JSON API, and the XML API's path for reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from zenstrap_rehearsal.storage import bucket_calls, object_calls
from zenstrap_rehearsal.storage.batches import batch
from zenstrap_rehearsal.storage.calls import Call, Reply
from zenstrap_rehearsal.storage.refusals import Refusal
from zenstrap_rehearsal.storage.store import Store
from zenstrap_rehearsal.storage.uploads import Uploads

_Handler = Callable[..., Reply]

_BUCKET: Final = r"/storage/v1/b/([^/]+)"
_OBJECT: Final = rf"{_BUCKET}/o/(.+)"
_COPY: Final = r"/b/([^/]+)/o/(.+)"

_ROUTES: Final[tuple[tuple[str, str, _Handler], ...]] = (
    ("GET", r"/storage/v1/b/?", bucket_calls.list_all),
    ("POST", r"/storage/v1/b/?", bucket_calls.insert),
    ("GET", _BUCKET, bucket_calls.get),
    ("PATCH", _BUCKET, bucket_calls.patch),
    ("PUT", _BUCKET, bucket_calls.update),
    ("DELETE", _BUCKET, bucket_calls.delete),
    ("GET", rf"{_BUCKET}/iam", bucket_calls.get_policy),
    ("PUT", rf"{_BUCKET}/iam", bucket_calls.set_policy),
    ("GET", rf"{_BUCKET}/iam/testPermissions", bucket_calls.test_permissions),
    ("GET", rf"{_BUCKET}/storageLayout", bucket_calls.storage_layout),
    ("GET", r"/storage/v1/projects/([^/]+)/serviceAccount", bucket_calls.service_account),
    ("GET", rf"{_BUCKET}/o/?", object_calls.list_all),
    ("POST", rf"{_OBJECT}/rewriteTo{_COPY}", object_calls.rewrite),
    ("POST", rf"{_OBJECT}/copyTo{_COPY}", object_calls.copy_to),
    ("POST", rf"{_OBJECT}/moveTo/o/(.+)", object_calls.move),
    ("POST", rf"{_OBJECT}/compose", object_calls.compose),
    ("POST", rf"{_OBJECT}/restore", object_calls.restore),
    ("GET", _OBJECT, object_calls.get),
    ("PATCH", _OBJECT, object_calls.patch),
    ("PUT", _OBJECT, object_calls.update),
    ("DELETE", _OBJECT, object_calls.delete),
)
_DOWNLOAD: Final = re.compile(rf"/download{_OBJECT}")
_UPLOAD: Final = re.compile(r"/upload/storage/v1/b/([^/]+)/o/?")
_BATCH: Final = re.compile(r"/batch/storage/v1/?")
# Google's Go client, and so Terraform's backend, reads objects by the XML API's path.
_XML: Final = re.compile(r"/(?!storage/|upload/|download/|batch/)([^/]+)/(.+)")


class Routes:
    """Carries out calls on a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.uploads = Uploads(store)

    def carry_out(self, call: Call) -> Reply:
        """The reply to a call, including errors."""
        try:
            return self._routed(call)
        except Refusal as refusal:
            return Reply(304) if refusal.code == 304 else Reply.of_refusal(refusal)

    def _routed(self, call: Call) -> Reply:
        method = call.headers.get("x-http-method-override", call.method)
        if _BATCH.fullmatch(call.path):
            return batch(call, self.carry_out)
        download = _DOWNLOAD.fullmatch(call.path) or _XML.fullmatch(call.path)
        if not download and method == "GET" and call.parameter("alt") == "media":
            download = re.fullmatch(_OBJECT, call.path)
        if download and method in ("GET", "HEAD"):
            # Without the lock: fake-gcs-server never changes a generation.
            return object_calls.download(self._store, call, *map(unquote, download.groups()))
        with self._store.lock:
            if upload := _UPLOAD.fullmatch(call.path):
                return self._upload(call, upload.group(1))
            for route_method, pattern, handler in _ROUTES:
                match = re.fullmatch(pattern, call.path) if route_method == method else None
                if match:
                    return handler(self._store, call, *map(unquote, match.groups()))
        raise Refusal(404, f"The rehearsal doesn't support {method} {call.path}; see its README.")

    def _upload(self, call: Call, bucket: str) -> Reply:
        if call.method == "POST":
            return self.uploads.post(call, unquote(bucket))
        if call.method == "PUT":
            return self.uploads.send(call)
        return self.uploads.cancel(call)
