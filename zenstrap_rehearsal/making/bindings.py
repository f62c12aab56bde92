"""Rebuilds a Terraform provider's schemas from its Python bindings.

A ``cdktf-cdktf-provider-*`` wheel contains an npm tarball, in which every ``lib/KIND/index.js``
ends with a source map that contains its TypeScript source. In the source, a comment precedes each
attribute: ``// NAME - computed: BOOL, optional: BOOL, required: BOOL``. The functions that write
HCL describe the configurable attributes again, with their nesting.

The result has the format of ``terraform providers schema -json``. The bindings don't say which
attributes are sensitive or deprecated, nor a ``max_items`` above 1.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# A type in Terraform's JSON: "string", ["list", "string"], ["object", {...}].
Type = Any
BlockSchema = dict[str, Any]

_CLASS: Final = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{\n(.*?)^\}", re.S | re.M)
_FIELD: Final = re.compile(
    r"^  // (\S+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"(.*?)(?=^  // \S+ - computed: |\Z)",
    re.S | re.M,
)
_HCL_FUNCTION: Final = re.compile(
    r"^export function (\w+)ToHclTerraform\(.*?\n(.*?)^\}", re.S | re.M
)
_HCL_ENTRY: Final = re.compile(
    r"^ +(\w+): \{\n +value: .*?\n +isBlock: (true|false),\n +type: \"(\w+)\","
    r"\n +storageClassType: \"(\w+)\",",
    re.M,
)
_HELPER: Final = re.compile(
    r"private _\w+ = new (cdktf\.)?(\w+)\(this, \"(\w+)\"(?:, (true|false))?\);"
)
_DECLARED: Final = re.compile(r"private _\w+\?: (.*?); ")
_DECLARED_STRUCT: Final = re.compile(
    r"private _\w+\?: ([A-Z]\w*)(\[\])?(?: \| cdktf\.IResolvable)?; "
)
_GETTER: Final = re.compile(r"public get \w+\(\)[^{]*\{\s*(?:// .*\n\s*)?return ([^;\n]*)")
_STORAGE: Final = re.compile(r"(string|boolean|number|any)(List|Map)?(List|Map)?$")

_SCALARS: Final = {"string": "string", "boolean": "bool", "number": "number", "any": "dynamic"}
_HELPERS: Final[dict[str, Type]] = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
    "StringMapList": ["list", ["map", "string"]],
    "NumberMapList": ["list", ["map", "number"]],
    "BooleanMapList": ["list", ["map", "bool"]],
    "AnyMapList": ["list", ["map", "dynamic"]],
    "StringListList": ["list", ["list", "string"]],
    "StringListMap": ["map", ["list", "string"]],
}
_GETTERS: Final[tuple[tuple[str, Type], ...]] = (
    ("getStringMapAttribute", ["map", "string"]),
    ("getNumberMapAttribute", ["map", "number"]),
    ("getBooleanMapAttribute", ["map", "bool"]),
    ("getAnyMapAttribute", ["map", "dynamic"]),
    ("getNumberListAttribute", ["list", "number"]),
    ("getListAttribute", ["list", "string"]),
    ("getStringAttribute", "string"),
    ("getNumberAttribute", "number"),
    ("getBooleanAttribute", "bool"),
    ("interpolationForAttribute", ["list", ["list", "string"]]),
)
_DECLARATIONS: Final[tuple[tuple[str, Type], ...]] = (
    (r"\{ \[key: string\]: string\[\]", ["map", ["list", "string"]]),
    (r"\{ \[key: string\]: \(boolean", ["map", "bool"]),
    (r"\{ \[key: string\]: string", ["map", "string"]),
    (r"\{ \[key: string\]: number", ["map", "number"]),
    (r"\{ \[key: string\]: any", "dynamic"),
    (r"string\[\]\[\]", ["list", ["list", "string"]]),
    (r"string\[\]", ["list", "string"]),
    (r"number\[\]", ["list", "number"]),
    (r"\(?boolean \| cdktf\.IResolvable\)?\[\]|boolean\[\]", ["list", "bool"]),
    (r"string\b", "string"),
    (r"number\b", "number"),
    (r"boolean\b", "bool"),
    (r"any\b", "dynamic"),
)
_GROUPS: Final = {
    "TerraformResource": "resource_schemas",
    "TerraformDataSource": "data_source_schemas",
    "TerraformProvider": "provider",
}


def schemas(wheel: Path, folders: frozenset[str]) -> dict[str, Any]:
    """The schemas of the bindings in some folders, such as ``provider`` or ``storage-bucket``.

    Raises:
        KeyError: the wheel has no such folder.
    """
    groups: dict[str, Any] = {"resource_schemas": {}, "data_source_schemas": {}}
    sources = dict(_sources(wheel, folders))
    for folder in sorted(folders):
        group, name, schema = _Module(sources[folder]).schema()
        if group == "provider":
            groups["provider"] = schema
        else:
            groups[group][name] = schema
    return groups


def provider_of(wheel: Path) -> tuple[str, str]:
    """Source address and version of the provider that the bindings were generated from."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        match = re.search(r"bindings for (\S+) provider version (\S+)", archive.read(name).decode())
    assert match, "the wheel's metadata names its provider"
    return match.group(1), match.group(2)


def _sources(wheel: Path, folders: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The TypeScript of each folder; the largest kinds have their structs in separate files."""
    parts: dict[str, list[str]] = {}
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(name)), mode="r:gz") as package:
            for member in package:
                place = re.match(
                    r"package/lib/([^/]+)/(?:index-structs/structs\d+|index)\.js$", member.name
                )
                if place and place.group(1) in folders:
                    file = package.extractfile(member)
                    assert file is not None
                    parts.setdefault(place.group(1), []).append(_typescript(file.read().decode()))
    for folder, texts in parts.items():
        yield folder, "\n".join(texts)


def _typescript(javascript: str) -> str:
    source_map = javascript[javascript.rindex("sourceMappingURL=") :].split("base64,", 1)[1]
    return str(json.loads(base64.b64decode(source_map))["sourcesContent"][0])


# One attribute in the HCL functions: whether it is a block, its nesting, its element type.
_Entry = tuple[bool, str, str]


class _Module:
    """The TypeScript of one resource type, data source or provider."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._classes = {m.group(1): (m.group(2), m.group(3)) for m in _CLASS.finditer(text)}
        self._hcl = {m.group(1).lower(): _entries(m.group(2)) for m in _HCL_FUNCTION.finditer(text)}

    def schema(self) -> tuple[str, str, BlockSchema]:
        """Group (as in Terraform's JSON), Terraform's name, and the schema."""
        for name, (base, body) in self._classes.items():
            if base in _GROUPS:
                kind = re.search(r"static readonly tfResourceType = \"(\w+)\"", body)
                assert kind, "every binding has a tfResourceType"
                return _GROUPS[base], kind.group(1), {"version": 0, "block": self._block(name)}
        raise AssertionError("no binding in the module")

    def _block(self, name: str) -> BlockSchema:
        base, body = self._classes[name]
        if base in _GROUPS:
            start = body.find("synthesizeHclAttributes")
            entries = _entries(body[start:]) if start >= 0 else {}
        else:
            entries = self._hcl.get(name.removesuffix("OutputReference").lower(), {})
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        for field in _FIELD.finditer(body):
            self._add_field(field, entries.get(field.group(1)), attributes, blocks)
        block: BlockSchema = {}
        if attributes:
            block["attributes"] = dict(sorted(attributes.items()))
        if blocks:
            block["block_types"] = dict(sorted(blocks.items()))
        return block

    def _add_field(
        self,
        field: re.Match[str],
        entry: _Entry | None,
        attributes: dict[str, Any],
        blocks: dict[str, Any],
    ) -> None:
        name, text = field.group(1), field.group(5)
        flags = {
            flag: True
            for flag, value in zip(
                ("computed", "optional", "required"), field.groups()[1:4], strict=True
            )
            if value == "true"
        }
        helper = _HELPER.search(text)
        struct = _struct_of(helper, text)
        if struct is None:
            attributes[name] = {"type": _plain_type(text, helper, entry), **flags}
            return
        wraps_set = bool(helper and helper.group(4) == "true")
        nesting = _nesting(struct, entry, wraps_set=wraps_set)
        target = re.sub(r"(List|Map|OutputReference)$", "OutputReference", struct)
        if entry and entry[0] and "computed" not in flags:
            block: dict[str, Any] = {"nesting_mode": nesting, "block": self._struct(target)}
            if nesting in ("list", "set"):
                if "required" in flags:
                    block["min_items"] = 1
                if struct.endswith("OutputReference"):
                    block["max_items"] = 1
            blocks[name] = block
            return
        kind: Type = _object_type(self._struct(target))
        attributes[name] = {"type": kind if nesting == "single" else [nesting, kind], **flags}

    def _struct(self, name: str) -> BlockSchema:
        if name in self._classes:
            return self._block(name)
        # The provider's own blocks have no class, only an interface.
        interface = name.removesuffix("OutputReference")
        match = re.search(rf"^export interface {interface} \{{\n(.*?)^\}}", self._text, re.S | re.M)
        assert match, f"the interface {interface} exists"
        attributes = {}
        for field in re.finditer(
            r"#(\w+) \w+#\w+\}\n.*?readonly \w+(\?)?: ([^;\n]*);", match.group(1), re.S
        ):
            kind = next(t for pattern, t in _DECLARATIONS if re.match(pattern, field.group(3)))
            attributes[field.group(1)] = {
                "type": kind,
                "optional" if field.group(2) else "required": True,
            }
        return {"attributes": attributes}


def _entries(text: str) -> dict[str, _Entry]:
    return {
        m.group(1): (m.group(2) == "true", m.group(3), m.group(4))
        for m in _HCL_ENTRY.finditer(text)
    }


def _struct_of(helper: re.Match[str] | None, text: str) -> str | None:
    """The class of a nested value; None for a plain value."""
    if helper:
        return None if helper.group(1) else helper.group(2)
    declared = _DECLARED_STRUCT.search(text)
    if not declared:
        return None
    return declared.group(1) + ("List" if declared.group(2) else "OutputReference")


def _nesting(struct: str, entry: _Entry | None, *, wraps_set: bool) -> str:
    if entry and entry[1] in ("list", "set", "map"):
        return entry[1]
    if entry and entry[1] == "struct":
        return "single"
    if struct.endswith("Map"):
        return "map"
    if struct.endswith("OutputReference"):
        return "single"
    return "set" if wraps_set else "list"


def _object_type(block: BlockSchema) -> Type:
    fields = {name: a["type"] for name, a in block.get("attributes", {}).items()}
    for name, nested in block.get("block_types", {}).items():
        inner = _object_type(nested["block"])
        single = nested["nesting_mode"] == "single"
        fields[name] = inner if single else [nested["nesting_mode"], inner]
    return ["object", fields]


def _plain_type(text: str, helper: re.Match[str] | None, entry: _Entry | None) -> Type:
    if helper:
        return _HELPERS[helper.group(2)]
    getter = _GETTER.search(text)
    expression = getter.group(1) if getter else ""
    kind = _stored_type(entry)
    declared = _DECLARED.search(text)
    if declared and (kind is None or "[][]" in declared.group(1)):
        kind = next((t for p, t in _DECLARATIONS if re.match(p, declared.group(1))), kind)
    if kind is None:
        kind = next((t for name, t in _GETTERS if name in expression), "dynamic")
    is_set = "tolist(" in expression or (entry is not None and entry[1] == "set")
    if is_set and isinstance(kind, list) and kind[0] == "list":
        return ["set", kind[1]]
    return kind


def _stored_type(entry: _Entry | None) -> Type:
    stored = _STORAGE.match(entry[2]) if entry else None
    if entry is None or stored is None:
        return None
    kind: Type = _SCALARS[stored.group(1)]
    if entry[1] == "simple" and not stored.group(2):
        return kind
    for wrap in reversed(stored.groups()[1:]):
        if wrap:
            kind = [wrap.lower(), kind]
    return kind
