"""The schemas of the Google provider that the double serves, from the provider's Python bindings.

``python -m zenstrap_rehearsal.making.schema [WHEEL]`` regenerates ``provider/google.json``; pip
downloads the bindings unless their wheel is given. A test compares the result.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from zenstrap_rehearsal.making.bindings import provider_of, schemas
from zenstrap_rehearsal.provider.provider import DATA_SOURCES, KINDS, SCHEMAS

# The bindings of hashicorp/google 6.50.0.
PACKAGE: Final = "cdktf-cdktf-provider-google==16.12.1"

# The bindings don't say which attributes are sensitive.
SENSITIVE: Final = {
    "provider": ("access_token", "credentials"),
    "google_client_config": ("access_token",),
    "google_service_account_key": ("private_key",),
    "google_storage_bucket_object": ("content",),
}


def regenerate(wheel: Path) -> str:
    """The text of ``provider/google.json``, from the bindings."""
    folders = frozenset(
        [
            "provider",
            *(_dashed(kind.name.removeprefix("google_")) for kind in KINDS),
            *(f"data-{_dashed(source.name)}" for source in DATA_SOURCES),
        ]
    )
    source, version = provider_of(wheel)
    document = {
        "source": source,
        "version": version,
        "bindings": PACKAGE,
        **schemas(wheel, folders),
    }
    for name, attributes in SENSITIVE.items():
        for attribute in attributes:
            _block_of(document, name)["attributes"][attribute]["sensitive"] = True
    return _lines(document)


def download(folder: Path) -> Path:
    """The bindings' wheel, from the package registry that pip is set up for."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run(
        [*command, "--disable-pip-version-check", "--dest", str(folder), PACKAGE], check=True
    )
    return next(folder.glob("*.whl"))


def main(arguments: list[str]) -> None:
    if arguments:
        SCHEMAS.write_text(regenerate(Path(arguments[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        SCHEMAS.write_text(regenerate(download(Path(folder))))


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _block_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    if name == "provider":
        schema = document["provider"]
    elif name in document["resource_schemas"]:
        schema = document["resource_schemas"][name]
    else:
        schema = document["data_source_schemas"][name]
    block: dict[str, Any] = schema["block"]
    return block


def _lines(value: Any, indent: str = "") -> str:
    """JSON with one line per attribute: readable in a diff, with a tenth of the usual lines."""
    flat = json.dumps(value, sort_keys=True)
    if not isinstance(value, dict) or len(indent + flat) <= 100 or "type" in value:
        return flat if indent else flat + "\n"
    inner = indent + " "
    rows = [f"{inner}{json.dumps(k)}: {_lines(v, inner)}" for k, v in sorted(value.items())]
    text = "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    return text if indent else text + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
