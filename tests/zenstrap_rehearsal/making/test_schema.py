"""The schemas are those of the provider's bindings."""

from __future__ import annotations

import json
from pathlib import Path

from zenstrap_rehearsal.making import schema
from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.provider import KINDS, SCHEMAS


def test_the_file_is_what_the_bindings_say(tmp_path: Path) -> None:
    """Downloads 49 MB; if this fails, run: python -m zenstrap_rehearsal.making.schema"""
    assert SCHEMAS.read_text() == schema.regenerate(schema.download(tmp_path))


def test_every_rule_names_something_in_its_schema() -> None:
    """A misspelt name in a rule would be a rule that never applies."""
    document = json.loads(SCHEMAS.read_text())["resource_schemas"]
    for kind in KINDS:
        block = Block.of(document[kind.name]["block"])
        rules = kind.rules
        names = {
            *rules.defaults,
            *rules.force_new,
            *rules.patterns,
            *rules.choices,
            *rules.equivalent,
            *rules.computed_blocks,
            *(name for group in rules.exactly_one for name in group),
        } - {"*"}
        assert {name for name in names if not has(block, name)} == set(), kind.name


def has(block: Block, dotted: str) -> bool:
    head, _, rest = dotted.partition(".")
    if rest:
        return head in block.blocks and has(block.blocks[head].block, rest)
    return head in block.attributes or head in block.blocks


def test_secrets_are_marked() -> None:
    document = json.loads(SCHEMAS.read_text())
    for name, attributes in schema.SENSITIVE.items():
        group = document["resource_schemas"] | document["data_source_schemas"]
        block = (group | {"provider": document["provider"]})[name]["block"]
        assert all(block["attributes"][a].get("sensitive") for a in attributes)
