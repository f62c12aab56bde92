"""Converts between Terraform's values and those of Google's REST services.

Most resource types differ only in snake case and camel case, and in that a block with at most one
item is a list in Terraform and an object at Google.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.values import Object, Unknown


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match.group(1).upper(), name)


def to_google(block: Block, value: Object, names: Collection[str] | None = None) -> Object:
    """The request body for Google; null and unknown values are left out.

    Args:
        names: only these attributes and blocks.
    """
    body: Object = {}
    for name in block.attributes:
        if names is not None and name not in names:
            continue
        member = value.get(name)
        if member is not None and not isinstance(member, Unknown):
            body[camel(name)] = member
    for name, nested in block.blocks.items():
        if (names is not None and name not in names) or name == "timeouts":
            continue
        items = [to_google(nested.block, child) for child in nested.children(value.get(name))]
        if nested.max_items == 1 or nested.nesting == "single":
            if items:
                body[camel(name)] = items[0]
        elif items:
            body[camel(name)] = items
    return body


def from_google(block: Block, body: Object, names: Collection[str] | None = None) -> Object:
    """Terraform's values from a response body."""
    values: Object = {}
    for name in block.attributes:
        if names is None or name in names:
            member = body.get(camel(name))
            # Google writes 64-bit numbers as strings.
            if block.attributes[name].type == "number" and isinstance(member, str):
                member = int(member)
            values[name] = member
    for name, nested in block.blocks.items():
        if (names is not None and name not in names) or name == "timeouts":
            continue
        items: Any = body.get(camel(name))
        if nested.max_items == 1 and nested.nesting in ("list", "set"):
            items = [] if items is None else [items]
        values[name] = [from_google(nested.block, item) for item in items or []]
    return values
