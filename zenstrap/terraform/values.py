"""Terraform's values and their masks: which parts are sensitive, unknown or different.

Terraform's JSON holds sensitive values in plain text and marks them in a second structure of the
same shape, the mask. A mask is True for a whole value, or a map or list of masks for its parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from zenstrap.redaction import SENSITIVE, UNKNOWN

Value = object
Mask = object

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Difference:
    """One leaf that differs; ``before`` and ``after`` are for display, None if absent."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Masks:
    """Which parts of a value are sensitive before and after, and unknown after."""

    before: Mask = False
    after: Mask = False
    unknown: Mask = False

    def part(self, key: str | int) -> Masks:
        return Masks(_part(self.before, key), _part(self.after, key), _part(self.unknown, key))


def differences(before: Value, after: Value, masks: Masks, path: str = "") -> Iterator[Difference]:
    """The leaves in which two values differ. None and absent are the same."""
    if masks.before is True or masks.after is True:
        if before != after or any_true(masks.unknown):
            later = SENSITIVE if any_true(masks.unknown) else _hidden(after)
            yield Difference(path, _hidden(before), later)
    elif masks.unknown is True:
        yield Difference(path, show(before, masks.before), UNKNOWN)
    elif isinstance(before, dict | None) and isinstance(after, dict | None) and (before or after):
        unknown = masks.unknown if isinstance(masks.unknown, dict) else {}
        for key in sorted({*(before or {}), *(after or {}), *unknown}):
            yield from differences(
                (before or {}).get(key),
                (after or {}).get(key),
                masks.part(key),
                path_of(path, key),
            )
    elif isinstance(before, list | None) and isinstance(after, list | None) and (before or after):
        old, new = before or [], after or []
        for index in range(max(len(old), len(new))):
            yield from differences(
                old[index] if index < len(old) else None,
                new[index] if index < len(new) else None,
                masks.part(index),
                path_of(path, index),
            )
    elif before != after:
        yield Difference(path, show(before, masks.before), show(after, masks.after))


def show(value: Value, mask: Mask) -> str | None:
    """A value as JSON for display, with its sensitive parts redacted; None for null."""
    if value is None:
        return None
    return json.dumps(without_sensitive(value, mask), ensure_ascii=False, sort_keys=True)


def without_sensitive(value: Value, mask: Mask) -> Value:
    """The value with ``<sensitive>`` instead of its sensitive parts."""
    if mask is True:
        return SENSITIVE
    if isinstance(value, dict):
        return {key: without_sensitive(part, _part(mask, key)) for key, part in value.items()}
    if isinstance(value, list):
        return [without_sensitive(part, _part(mask, index)) for index, part in enumerate(value)]
    return value


def sensitive_parts(value: Value, mask: Mask, path: str = "") -> Iterator[tuple[str, Value]]:
    """Every sensitive part with its path: the counterpart of ``without_sensitive``."""
    if mask is True:
        yield path, value
    elif isinstance(value, dict):
        for key in sorted(value):
            yield from sensitive_parts(value[key], _part(mask, key), path_of(path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from sensitive_parts(part, _part(mask, index), path_of(path, index))


def strings(value: Value) -> Iterator[str]:
    """Every string in a value, without the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def any_true(mask: Mask) -> bool:
    if isinstance(mask, dict):
        return any(any_true(part) for part in mask.values())
    if isinstance(mask, list):
        return any(any_true(part) for part in mask)
    return mask is True


def path_of(path: str, key: str | int) -> str:
    """``labels.team``, ``labels["a b"]``, ``rule[0].age``."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _NAME.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _hidden(value: Value) -> str | None:
    return None if value is None else SENSITIVE


def _part(mask: Mask, key: str | int) -> Mask:
    if mask is True:
        return True
    if isinstance(mask, dict):
        return mask.get(key, False)
    if isinstance(mask, list) and isinstance(key, int) and key < len(mask):
        return mask[key]
    return False
