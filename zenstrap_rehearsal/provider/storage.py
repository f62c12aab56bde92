"""The provider's client for Cloud Storage's JSON API.

https://cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from zenstrap_rehearsal.errors import ApiError

_SECONDS: Final = 30.0  # for a reply; the front is on this machine
_BOUNDARY: Final = "rehearsal-boundary"


class StorageCalls:
    """Calls with one token.

    Args:
        url: of the storage front: ``http://127.0.0.1:PORT``.
    """

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url).netloc
        self._token = token

    def call(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """One call; the JSON of the reply.

        Raises:
            ApiError: it was refused.
        """
        data = None if body is None else json.dumps(body).encode()
        where = f"/storage/v1/{path}{_query(query)}"
        return self._send(method, where, data, "application/json")

    def find(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET a resource; None if it doesn't exist."""
        try:
            return self.call("GET", path, query=query)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def upload(self, bucket: str, metadata: Mapping[str, Any], content: bytes) -> Any:
        """Upload an object's metadata and content in one call."""
        parts = (
            f"--{_BOUNDARY}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n"
            f"--{_BOUNDARY}\r\nContent-Type: {metadata['contentType']}\r\n\r\n"
        )
        data = parts.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        where = f"/upload/storage/v1/b/{bucket}/o{_query({'uploadType': 'multipart'})}"
        return self._send("POST", where, data, f"multipart/related; boundary={_BOUNDARY}")

    def _send(self, method: str, where: str, data: bytes | None, kind: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection(self._address, timeout=_SECONDS)
        try:
            connection.request(method, where, body=data, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise _refusal(reply.status, content)
        return json.loads(content) if content else {}


def object_path(bucket: str, name: str) -> str:
    return f"b/{bucket}/o/{quote(name, safe='')}"


def _query(query: Mapping[str, str] | None) -> str:
    return f"?{urlencode(query)}" if query else ""


def _refusal(status: int, content: bytes) -> ApiError:
    try:
        error = json.loads(content)["error"]
        message = str(error["message"])
        reason = next((e.get("reason", "") for e in error.get("errors", [])), "")
    except (ValueError, KeyError, TypeError):
        message, reason = (
            content.decode(errors="replace").strip() or http.client.responses[status],
            "",
        )
    return ApiError(status, message, reason=reason)
