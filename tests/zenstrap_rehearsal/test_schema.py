"""The schemas are those of the provider's bindings, and every one of them is served."""

from __future__ import annotations

from pathlib import Path

from zenstrap_rehearsal import schema
from zenstrap_rehearsal.cloud.core import Cloud
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.provider.blocks import Block
from zenstrap_rehearsal.provider.provider import Provider
from zenstrap_rehearsal.provider.service import Service


def test_the_file_is_what_the_bindings_say(tmp_path: Path) -> None:
    """Downloads 49 MB; if this fails, run: python -m zenstrap_rehearsal.schema"""
    assert schema.FILE.read_text() == schema.regenerate(schema.download(tmp_path))


def test_every_kind_of_the_schemas_is_served(tmp_path: Path) -> None:
    from zenstrap_rehearsal.provider.messages import MESSAGES

    service: Service = Provider(Cloud(["p"], Faults(lambda _: None), lambda: 0.0)).service(
        {}, tmp_path
    )
    served = service.call("GetProviderSchema", MESSAGES["Empty"]())
    assert {pair.key for pair in served.resource_schemas} == set(schema.RESOURCES)
    assert {pair.key for pair in served.data_source_schemas} == set(schema.DATA_SOURCES)


def test_every_rule_names_something_in_its_schema() -> None:
    """A misspelt name in a rule would be a rule that never applies."""
    from zenstrap_rehearsal.provider.provider import _KINDS

    document = schema.load()["resource_schemas"]
    for kind in _KINDS:
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
    document = schema.load()
    for name, attributes in schema.SENSITIVE.items():
        group = document["resource_schemas"] | document["data_source_schemas"]
        block = (group | {"provider": document["provider"]})[name]["block"]
        assert all(block["attributes"][a].get("sensitive") for a in attributes)
