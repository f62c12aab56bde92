"""A call to Cloud Storage."""

from __future__ import annotations

import json
from dataclasses import dataclass

from zenstrap_rehearsal import web
from zenstrap_rehearsal.storage.refusals import invalid
from zenstrap_rehearsal.web import JSON, Reply

__all__ = ["JSON", "Call", "Reply", "parse_json"]


@dataclass(frozen=True)
class Call(web.Call):
    """One request.

    Attributes:
        principal: "owner" or an e-mail address.
    """

    principal: str

    def parameter(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else None

    def flag(self, name: str) -> bool:
        return (self.parameter(name) or "").lower() == "true"

    def json(self) -> JSON:
        """The body as an object; an empty one if there is no body.

        Raises:
            Refusal: it is not a JSON object.
        """
        if not self.body.strip():
            return {}
        return parse_json(self.body)


def parse_json(content: bytes) -> JSON:
    """A JSON object.

    Raises:
        Refusal: it is not a JSON object.
    """
    try:
        document = json.loads(content)
    except ValueError:
        raise invalid("Parse Error") from None
    if not isinstance(document, dict):
        raise invalid("Parse Error")
    return document
