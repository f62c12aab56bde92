"""A call to Cloud Storage and its reply, free of the HTTP server that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zenstrap_rehearsal.storage.refusals import Refusal, invalid

JSON = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        path: as it was sent, still quoted, without the query.
        query: each parameter's values, unquoted.
        headers: by name in lower case.
        principal: "owner" or an e-mail address.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    principal: str

    def parameter(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else None

    def flag(self, name: str) -> bool:
        return (self.parameter(name) or "").lower() == "true"

    def json(self) -> JSON:
        """The body as an object; an empty one if there is no body.

        Raises:
            Refusal: it is no JSON object.
        """
        if not self.body.strip():
            return {}
        return parse_json(self.body)


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(
        cls, content: JSON, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Reply:
        found = {"Content-Type": "application/json; charset=UTF-8", **(headers or {})}
        return cls(status, found, json.dumps(content).encode())

    @classmethod
    def of_refusal(cls, refusal: Refusal) -> Reply:
        return cls.of(refusal.body(), refusal.code)

    def json(self) -> JSON:
        content = json.loads(self.body)
        assert isinstance(content, dict)
        return content


def parse_json(content: bytes) -> JSON:
    """A JSON object.

    Raises:
        Refusal: it is none.
    """
    try:
        found = json.loads(content)
    except ValueError:
        raise invalid("Parse Error") from None
    if not isinstance(found, dict):
        raise invalid("Parse Error")
    return found
