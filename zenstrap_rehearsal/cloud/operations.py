"""Long-running operations, which the double completes at once."""

from __future__ import annotations

from zenstrap_rehearsal.cloud.core import JSON


def done(parent: str, response: JSON, kind: str) -> JSON:
    return {
        "name": f"{parent}/operations/rehearsed".lstrip("/"),
        "done": True,
        "response": {"@type": f"type.googleapis.com/{kind}", **response},
    }
