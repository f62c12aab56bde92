"""Schemas of blocks, and values that conform to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from zenstrap_rehearsal.provider.values import Object, Unknown

Nesting = Literal["single", "list", "set", "map", "group"]
Step = str | int
Path = tuple[Step, ...]


@dataclass(frozen=True)
class Attribute:
    """One attribute; ``type`` as in Terraform's JSON."""

    type: Any
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False

    @property
    def is_set(self) -> bool:
        return isinstance(self.type, list) and self.type[0] == "set"


@dataclass(frozen=True)
class NestedBlock:
    nesting: Nesting
    block: Block
    min_items: int = 0
    max_items: int = 0

    def children(self, value: Any) -> list[Object]:
        """The objects in the value of the block."""
        if value is None or isinstance(value, Unknown):
            return []
        if self.nesting in ("single", "group"):
            return [value]
        items = value.values() if self.nesting == "map" else value
        return [item for item in items if isinstance(item, dict)]

    def empty(self) -> Any:
        if self.nesting == "single":
            return None
        return {} if self.nesting in ("map", "group") else []


@dataclass(frozen=True)
class Block:
    attributes: dict[str, Attribute]
    blocks: dict[str, NestedBlock]

    @classmethod
    def of(cls, schema: dict[str, Any]) -> Block:
        """From the ``block`` of a schema in Terraform's JSON."""
        attributes = {n: Attribute(**a) for n, a in schema.get("attributes", {}).items()}
        blocks = {
            name: NestedBlock(
                nesting=cast(Nesting, nested["nesting_mode"]),
                block=cls.of(nested["block"]),
                min_items=nested.get("min_items", 0),
                max_items=nested.get("max_items", 0),
            )
            for name, nested in schema.get("block_types", {}).items()
        }
        return cls(attributes, blocks)

    def conform(self, value: Object | None) -> Object | None:
        """The value with exactly the schema's keys, as Terraform requires."""
        if value is None:
            return None
        fitted: Object = {name: value.get(name) for name in self.attributes}
        for name, nested in self.blocks.items():
            fitted[name] = _conform_nested(nested, value.get(name))
        return fitted

    def find(self, value: Object, dotted: str) -> Iterator[tuple[Path, Any]]:
        """Each path that a dotted name matches, with its value; visits every nested block."""
        head, _, rest = dotted.partition(".")
        if not rest:
            yield (head,), value.get(head)
            return
        nested = self.blocks[head]
        for index, child in enumerate(nested.children(value.get(head))):
            prefix: Path = (head, index) if nested.nesting == "list" else (head,)
            for path, item in nested.block.find(child, rest):
                yield (*prefix, *path), item


def _conform_nested(nested: NestedBlock, value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if value is None:
        return nested.empty()
    if nested.nesting in ("single", "group"):
        return nested.block.conform(value)
    if nested.nesting == "map":
        return {key: nested.block.conform(item) for key, item in value.items()}
    return [nested.block.conform(item) for item in value]
