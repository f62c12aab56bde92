"""What ZenML's own flavor classes take, as a table that a configuration is checked with.

    python -m zenstrap.registry.flavor_schemas

writes ``zenstrap/config/flavor_settings.json`` anew: ZenML takes seconds to import, and a
configuration error should come at once. A test compares the two. What is deprecated is left out,
and so is what would hold a secret or get around the service connector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from zenstrap.config.flavor_settings import TABLE
from zenstrap.config.platforms import PLATFORMS
from zenstrap.zenml_private.calls import flavor_class, holds_secret

if TYPE_CHECKING:
    from pydantic import BaseModel

# Other ways in than the connector, and a key of its own that would stand in the configuration.
_WAYS_AROUND: Final = frozenset({"service_account_path", "authentication_secret", "auth_key"})
# Of a JSON schema, what says which values are right.
_KEPT: Final = (
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minItems",
    "maxItems",
)


def flavor_schemas() -> dict[str, dict[str, Any]]:
    """By ``kind/flavor``, the settings with what may stand there."""
    return {f"{kind}/{flavor}": _fields(model) for kind, flavor, model in _classes()}


def table_text() -> str:
    """The file's content."""
    return json.dumps(flavor_schemas(), indent=1, sort_keys=True) + "\n"


def _classes() -> Iterator[tuple[str, str, type[BaseModel]]]:
    from zenml.client import Client

    pairs = {
        (kind, flavor)
        for platform in PLATFORMS.values()
        for kind, flavors in platform.flavors.items()
        for flavor in flavors
    }
    for kind, flavor in sorted(pairs):
        yield kind, flavor, flavor_class(Client(), kind, flavor)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    return {
        name: _pared(schema["properties"][name], definitions)
        for name, field in model.model_fields.items()
        if name not in _WAYS_AROUND
        and not field.deprecated
        and not (field.description or "").startswith("DEPRECATED")
        and (not holds_secret(field) or name == "encryption_spec_key_name")
    }


def _pared(part: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """One value's schema without titles, texts and defaults, its references resolved."""
    if "$ref" in part:
        return _pared(definitions[part["$ref"].rpartition("/")[2]], definitions)
    pared: dict[str, Any] = {key: part[key] for key in _KEPT if key in part}
    if "anyOf" in part:
        pared["anyOf"] = [_pared(one, definitions) for one in part["anyOf"]]
    if "properties" in part:
        pared["properties"] = {
            name: _pared(one, definitions) for name, one in part["properties"].items()
        }
    elif isinstance(part.get("additionalProperties"), dict):
        pared["values"] = _pared(part["additionalProperties"], definitions)
    if isinstance(part.get("items"), dict):
        pared["items"] = _pared(part["items"], definitions)
    return pared


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
    print(TABLE)
