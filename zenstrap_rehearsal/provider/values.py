"""Terraform's values: plain Python, and msgpack on the wire.

An object is a dict, a list or set is a list, null is None, a value known after apply is UNKNOWN.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgpack

from zenstrap_rehearsal.provider.messages import MESSAGES

Object = dict[str, Any]


class Unknown:
    """A value that is known only after apply.

    Terraform also sends refined unknown values; they are sent back unchanged.
    """

    __slots__ = ("wire",)

    def __init__(self, wire: msgpack.ExtType) -> None:
        self.wire = wire

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown)

    def __hash__(self) -> int:
        return 0

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = Unknown(msgpack.ExtType(0, b"\x00"))


def decode(value: Any) -> Any:
    """A DynamicValue as Python."""
    if value.json:
        return json.loads(value.json)
    if not value.msgpack:
        return None
    return msgpack.unpackb(value.msgpack, ext_hook=_unknown, strict_map_key=False)


def encode(value: Any) -> Any:
    """Python as a DynamicValue."""
    return MESSAGES["DynamicValue"](msgpack=msgpack.packb(value, default=_wire))


def wholly_known(value: Any) -> bool:
    if isinstance(value, Unknown):
        return False
    if isinstance(value, dict):
        return all(map(wholly_known, value.values()))
    if isinstance(value, list):
        return all(map(wholly_known, value))
    return True


def _unknown(code: int, data: bytes) -> Unknown:
    return Unknown(msgpack.ExtType(code, data))


def _wire(value: Any) -> msgpack.ExtType:
    if isinstance(value, Unknown):
        return value.wire
    raise TypeError(f"{type(value).__name__} is not a Terraform value")
