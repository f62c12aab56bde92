from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.conftest import REAL
from zenstrap.config.components import KINDS
from zenstrap.config.schema import FILE_NAME, schema, schema_text, write


def test_the_file_is_fresh() -> None:
    path = REAL / FILE_NAME
    assert path.read_text(encoding="utf-8") == schema_text(), (
        "the models have changed; run python -m zenstrap.config.schema"
    )


def test_it_can_be_written_elsewhere(tmp_path: Path) -> None:
    assert write(tmp_path).read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted(REAL.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_file_names_its_part_of_the_schema(path: Path) -> None:
    kind = {"environments": "EnvironmentFile", "ml_projects": "MlProjectFile"}.get(
        path.parent.name, "DefaultsFile"
    )
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    file, _, part = first.removeprefix(prefix).partition("#/$defs/")
    assert (path.parent / file).resolve() == (REAL / FILE_NAME).resolve()
    assert part == kind
    assert kind in schema()["$defs"]


def test_every_key_is_described_and_unknown_keys_are_refused() -> None:
    for name, part in schema()["$defs"].items():
        assert part["description"], name
        others = part["additionalProperties"]
        if name == "Components":  # one with a name of its own, of any kind
            component, nothing = others["anyOf"]
            kinds = {one["$ref"].rpartition("/")[2] for one in component["anyOf"]}
            assert kinds == {word for word, _ in KINDS.values()}
            assert component["required"] == ["kind"] and nothing == {"type": "null"}
            assert part["propertyNames"]["pattern"]
        else:
            assert others is False, name
        assert "required" not in part, f"{name}: another file may give the key"
        for key, prop in part["properties"].items():
            # pydantic leaves a description out that only repeats that of the section.
            assert prop.get("description") or "$ref" in prop, f"{name}.{key} has no description"
