"""The cloud's REST services over HTTP.

The first part of a path is the service, which at Google is the host: ``/iam/v1/projects/P/roles``.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from zenstrap_rehearsal.cloud import services as services  # registers the handlers
from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.web import Call, Reply

_FORM: Final = "application/x-www-form-urlencoded"

# Services that are called without a token, because they issue it.
_OPEN: Final = frozenset({"token", "sts"})


def answer(cloud: Cloud, call: Call) -> Reply:
    """Carry out a call.

    Raises:
        ApiError: the call is refused.
        ReplyLostError: an injected fault.
    """
    service, _, path = call.path.strip("/").partition("/")
    content = cloud.call(
        service,
        call.method,
        unquote(path),
        body=_body(call),
        # Several values of one name are joined: no name here has a comma in a value.
        query={name: ",".join(values) for name, values in call.query.items()},
        token=None if service in _OPEN else call.token,
    )
    return Reply.of(content)


def _body(call: Call) -> Any:
    if not call.body:
        return {}
    if call.headers.get("content-type", "").startswith(_FORM):
        return {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
    try:
        return json.loads(call.body)
    except ValueError as error:
        raise ApiError(400, "Invalid JSON payload received.") from error
