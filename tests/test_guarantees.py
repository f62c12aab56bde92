"""docs/guarantees.md: each guarantee names tests, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
NAMED = re.compile(r"`(tests/[\w/.-]+\.py)::(\w+)`")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_its_tests_exist(section: str) -> None:
    named = NAMED.findall(section)
    assert named
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_all_are_there() -> None:
    numbers = [section.partition(".")[0] for section in SECTIONS]
    assert numbers == [str(number) for number in range(1, 12)]
