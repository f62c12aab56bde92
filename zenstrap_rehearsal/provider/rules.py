"""What a provider's schema doesn't contain: defaults, forced replacement, validation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from zenstrap_rehearsal.provider.blocks import Block, Path
from zenstrap_rehearsal.provider.values import Object, Unknown

# All attributes of a resource type, for `force_new`.
EVERYTHING: Final = "*"


class ProviderError(Exception):
    """An error diagnostic for Terraform: summary, detail and attribute path."""

    def __init__(self, summary: str, detail: str = "", path: Path = ()) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.path = path


@dataclass(frozen=True)
class Rules:
    """The rules of one resource type. Names are dotted: ``lifecycle_rule.action.type``.

    Attributes:
        defaults: values of attributes that the configuration leaves out.
        force_new: attributes that can't be changed in place.
        computed_blocks: nested blocks that Google computes if the configuration has none.
        patterns: the regular expression that a whole value must match.
        choices: the valid values.
        exactly_one: groups of which exactly one must be set.
        equivalent: whether two values mean the same to Google, prior value first.
    """

    defaults: Mapping[str, Any] = field(default_factory=dict)
    force_new: frozenset[str] = frozenset()
    computed_blocks: frozenset[str] = frozenset()
    patterns: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exactly_one: tuple[tuple[str, ...], ...] = ()
    equivalent: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)

    def forces_replacement(self, name: str) -> bool:
        return name in self.force_new or EVERYTHING in self.force_new


def problems(block: Block, rules: Rules, config: Object) -> Iterator[ProviderError]:
    """The errors of a configuration, as far as its values are known while validating."""
    yield from _unsettable(block, config)
    for dotted, pattern in rules.patterns.items():
        for path, value in block.find(config, dotted):
            if isinstance(value, str) and not re.fullmatch(pattern, value):
                yield ProviderError(
                    f'"{dotted}" ("{value}") doesn\'t match regexp "^{pattern}$"', path=path
                )
    for dotted, choices in rules.choices.items():
        for path, value in block.find(config, dotted):
            if isinstance(value, str) and value not in choices:
                listed = " ".join(f'"{choice}"' for choice in choices)
                yield ProviderError(
                    f"expected {dotted} to be one of [{listed}], got {value}", path=path
                )
    for group in rules.exactly_one:
        present = [name for name in group if config.get(name) not in (None, [], {})]
        if len(present) != 1 and not any(isinstance(config.get(name), Unknown) for name in group):
            names = ",".join(group)
            detail = (
                f"only one of `{names}` can be specified, but `{','.join(present)}` were specified."
            )
            if not present:
                detail = f"one of `{names}` must be specified"
            yield ProviderError("Invalid combination of arguments", f'"{group[0]}": {detail}')


def _unsettable(block: Block, config: Object, path: Path = ()) -> Iterator[ProviderError]:
    for name, attribute in block.attributes.items():
        if attribute.computed and not attribute.optional and config.get(name) is not None:
            yield ProviderError(
                f'Value for unconfigurable attribute "{name}"',
                "Can't configure a value for it: its value will be decided automatically based "
                "on the result of applying this configuration.",
                (*path, name),
            )
    for name, nested in block.blocks.items():
        for index, child in enumerate(nested.children(config.get(name))):
            prefix: Path = (*path, name, index) if nested.nesting == "list" else (*path, name)
            yield from _unsettable(nested.block, child, prefix)
