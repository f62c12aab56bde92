"""Plain calls to the storage server, without any client library."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass(frozen=True)
class Caller:
    """Calls a server as whoever a token belongs to."""

    url: str
    token: str | None = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        sent = dict(headers or {})
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            address = f"{path}?{urlencode(query, doseq=True)}" if query else path
            connection.request(method, address, content, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def make_bucket(self, name: str = "acme", **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/storage/v1/b", {"name": name, **fields}, project="p")
        assert answer.status == 200, answer.content
        return dict(answer.json)

    def write(self, name: str, content: bytes = b"x", bucket: str = "acme", **query: Any) -> Answer:
        path = f"/upload/storage/v1/b/{bucket}/o"
        return self.call("POST", path, content, uploadType="media", name=name, **query)

    def object(
        self, method: str, name: str, body: Any = None, bucket: str = "acme", **query: Any
    ) -> Answer:
        path = f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        return self.call(method, path, body, **query)

    def read(self, name: str, bucket: str = "acme", **query: Any) -> Answer:
        return self.object("GET", name, bucket=bucket, alt="media", **query)

    def names(self, bucket: str = "acme", **query: Any) -> list[str]:
        answer = self.call("GET", f"/storage/v1/b/{bucket}/o", **query)
        assert answer.status == 200, answer.content
        return [item["name"] for item in answer.json.get("items", [])]

    def generations(self, bucket: str = "acme", **query: Any) -> list[str]:
        answer = self.call("GET", f"/storage/v1/b/{bucket}/o", versions="true", **query)
        return [item["generation"] for item in answer.json.get("items", [])]

    def grant(self, role: str, member: str, expression: str | None = None) -> Answer:
        """Add a binding to the policy of the bucket acme."""
        path = "/storage/v1/b/acme/iam"
        policy = self.call("GET", path, optionsRequestedPolicyVersion=3).json
        binding: dict[str, Any] = {"role": role, "members": [member]}
        if expression is not None:
            binding["condition"] = {"title": "a condition", "expression": expression}
        policy["bindings"].append(binding)
        return self.call("PUT", path, {**policy, "version": 3})
