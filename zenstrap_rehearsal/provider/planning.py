"""From a proposed value to a planned one, as in the real provider's SDK."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from zenstrap_rehearsal.provider.blocks import Block, NestedBlock, Path
from zenstrap_rehearsal.provider.rules import Rules
from zenstrap_rehearsal.provider.values import UNKNOWN, Object, Unknown

# The timeouts are Terraform's, not the resource's.
_TIMEOUTS = "timeouts"


@dataclass(frozen=True)
class Changes:
    """How a planned value differs from the prior one."""

    planned: Object
    replace: list[Path]


def fill(block: Block, rules: Rules, prior: Object | None, proposed: Object) -> Object:
    """The proposed value with defaults, and with UNKNOWN for values that Google computes."""
    planned = copy.deepcopy(proposed)
    _fill(block, rules, planned, prior, "")
    return planned


def compare(block: Block, rules: Rules, prior: Object, planned: Object) -> Changes:
    """The changes; unchanged values are exactly the prior ones, or Terraform would show them."""
    result = dict(planned)
    replace: list[Path] = []
    for name in (*block.attributes, *block.blocks):
        if name == _TIMEOUTS:
            continue
        if same(block, name, planned.get(name), prior.get(name)):
            result[name] = prior.get(name)
            continue
        if rules.forces_replacement(name):
            replace.append((name,))
        replace += _nested_replacements(block, rules, name, prior, planned)
    return Changes(result, replace)


def settle(block: Block, value: Object) -> None:
    """Replace remaining unknown values by null (in place)."""
    for name in block.attributes:
        if isinstance(value.get(name), Unknown):
            value[name] = None
    for name, nested in block.blocks.items():
        if isinstance(value.get(name), Unknown):
            value[name] = nested.empty()
        for child in nested.children(value.get(name)):
            settle(nested.block, child)


def quieten(block: Block, base: Object, value: Object) -> Object:
    """The value, with null instead of an empty value where the base has null.

    The SDK treats both as equal, so Terraform must not show them as a difference.
    """
    result = dict(value)
    for name in block.attributes:
        if base.get(name) is None and _empty(value.get(name)):
            result[name] = None
    for name, nested in block.blocks.items():
        children = nested.children(value.get(name))
        bases = nested.children(base.get(name))
        if nested.nesting == "list" and len(children) == len(bases):
            result[name] = [
                quieten(nested.block, b, c) for b, c in zip(bases, children, strict=True)
            ]
        elif nested.nesting == "set":
            result[name] = [_quieten_in_set(nested, bases, child) for child in children]
    return result


def same(block: Block, name: str, left: Any, right: Any) -> bool:
    """Equality of an attribute or block: sets are unordered, null and empty are equal."""
    return _text(_canonical_member(block, name, left)) == _text(
        _canonical_member(block, name, right)
    )


def _fill(block: Block, rules: Rules, value: Object, prior: Object | None, prefix: str) -> None:
    for name, attribute in block.attributes.items():
        dotted = prefix + name
        if value.get(name) is None:
            if dotted in rules.defaults:
                value[name] = copy.deepcopy(rules.defaults[dotted])
            elif attribute.computed and prior is None:
                value[name] = UNKNOWN
        wanted, before = value.get(name), None if prior is None else prior.get(name)
        comparable = before is not None and wanted is not None and not isinstance(wanted, Unknown)
        if comparable and dotted in rules.equivalent and rules.equivalent[dotted](before, wanted):
            value[name] = before
    for name, nested in block.blocks.items():
        dotted = prefix + name
        if name == _TIMEOUTS or isinstance(value.get(name), Unknown):
            continue
        if dotted in rules.computed_blocks and not value.get(name):
            value[name] = UNKNOWN if prior is None else prior.get(name)
            continue
        befores = None if prior is None else nested.children(prior.get(name))
        children = nested.children(value.get(name))
        if nested.nesting == "set":
            for index, child in enumerate(children):
                value[name][index] = _fill_in_set(nested, rules, child, befores, f"{dotted}.")
            continue
        for index, child in enumerate(children):
            twin = befores[index] if befores is not None and index < len(befores) else None
            _fill(nested.block, rules, child, twin, f"{dotted}.")


def _fill_in_set(
    nested: NestedBlock, rules: Rules, child: Object, before: list[Object] | None, prefix: str
) -> Object:
    """The prior member that equals the child, if there is one; else the child, filled."""
    for candidate in before or []:
        trial = copy.deepcopy(child)
        _fill(nested.block, rules, trial, candidate, prefix)
        for name, attribute in nested.block.attributes.items():
            if trial.get(name) is None and attribute.computed:
                trial[name] = candidate.get(name)
        if _text(_canonical(nested.block, trial)) == _text(_canonical(nested.block, candidate)):
            return candidate
    _fill(nested.block, rules, child, None, prefix)
    return child


def _nested_replacements(
    block: Block, rules: Rules, name: str, prior: Object, planned: Object
) -> list[Path]:
    """Paths within a nested block that force replacement, if they differ."""
    paths: list[Path] = []
    for dotted in rules.force_new:
        if not dotted.startswith(f"{name}."):
            continue
        before = [value for _, value in block.find(prior, dotted)]
        after = list(block.find(planned, dotted))
        if before and before != [value for _, value in after]:
            paths += [path for path, _ in after] or [(name,)]
    return paths


def _quieten_in_set(nested: NestedBlock, bases: list[Object], child: Object) -> Object:
    wanted = _text(_canonical(nested.block, child))
    return next((b for b in bases if _text(_canonical(nested.block, b)) == wanted), child)


def _canonical_member(block: Block, name: str, value: Any) -> Any:
    if isinstance(value, Unknown):
        return repr(value)
    if name in block.attributes:
        if _empty(value):
            return None
        return sorted(value, key=_text) if block.attributes[name].is_set else value
    nested = block.blocks[name]
    items = [_canonical(nested.block, child) for child in nested.children(value)]
    return sorted(items, key=_text) if nested.nesting == "set" else items


def _canonical(block: Block, value: Object) -> Object:
    return {
        name: _canonical_member(block, name, value.get(name))
        for name in (*block.attributes, *block.blocks)
    }


def _empty(value: Any) -> bool:
    return value is None or value in ("", 0, False, [], {})


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
