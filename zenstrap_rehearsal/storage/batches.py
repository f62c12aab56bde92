"""Several calls in one request. https://cloud.google.com/storage/docs/batch"""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit

from zenstrap_rehearsal.storage.calls import Call, Reply
from zenstrap_rehearsal.storage.refusals import invalid

_BOUNDARY: Final = "batch_rehearsal"
_MOST: Final = 100


def batch(call: Call, carry_out: Callable[[Call], Reply]) -> Reply:
    """Carry out each call of a batch, with the credentials of the batch request.

    Raises:
        Refusal: it is not a valid batch.
    """
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + call.body.lstrip()).get_payload()
    if not isinstance(parts, list):
        raise invalid("Failed to parse batch request")
    if len(parts) > _MOST:
        raise invalid("The batch request has more than 100 calls.")
    written = []
    for part in parts:
        assert isinstance(part, Message)
        reply = carry_out(_inner(part, call))
        number = str(part.get("Content-ID", "<1>")).replace("<", "<response-", 1)
        written.append(_part(number, reply))
    body = b"".join(written) + f"--{_BOUNDARY}--\r\n".encode()
    return Reply(200, {"Content-Type": f"multipart/mixed; boundary={_BOUNDARY}"}, body)


def _inner(part: Message, outer: Call) -> Call:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    line, _, rest = content.lstrip().partition(b"\n")
    words = line.decode().split()
    if len(words) < 2:
        raise invalid("Failed to parse batch request")
    message = BytesParser().parsebytes(rest)
    body = message.get_payload(decode=True)
    address = urlsplit(words[1])
    return Call(
        method=words[0],
        path=address.path,
        query=parse_qs(address.query, keep_blank_values=True),
        headers={name.lower(): value for name, value in message.items()},
        body=body if isinstance(body, bytes) else b"",
        principal=outer.principal,
    )


def _part(number: str, reply: Reply) -> bytes:
    status = HTTPStatus(reply.status)
    lines = [
        f"--{_BOUNDARY}",
        "Content-Type: application/http",
        f"Content-ID: {number}",
        "",
        f"HTTP/1.1 {status.value} {status.phrase}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
        f"Content-Length: {len(reply.body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + reply.body + b"\r\n"
