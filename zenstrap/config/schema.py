"""configs/schema.json, from which editors complete and check the YAML files.

    python -m zenstrap.config.schema

generates it. The root is an environment's file; ``#/$defs/DefaultsFile`` and
``#/$defs/MlProjectFile`` are the other two kinds. Every key is optional, because another file may
set it: only ``zenstrap`` itself checks for keys that no file sets, and the rules between keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from zenstrap.config.files import defaults_file, environment_file, project_file
from zenstrap.paths import configs_folder

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME: Final = "schema.json"


def schema() -> dict[str, Any]:
    """The JSON schema of all kinds of files."""
    kinds = (environment_file(), defaults_file(), project_file())
    _, together = models_json_schema(
        [(kind, "validation") for kind in kinds], ref_template="#/$defs/{model}"
    )
    definitions = {name: _tidied(part) for name, part in sorted(together["$defs"].items())}
    return {
        "$schema": DIALECT,
        "title": "zenstrap: one environment",
        "$ref": "#/$defs/EnvironmentFile",
        "$defs": definitions,
    }


def schema_text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path | None = None) -> Path:
    """Write the file to configs/, or to another folder with the same layout."""
    path = (configs_folder() if folder is None else folder) / FILE_NAME
    path.write_text(schema_text(), encoding="utf-8")
    return path


def _tidied(part: Any) -> Any:
    """Without pydantic's titles, which repeat the keys, and the nulls of the optional keys."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    tidied = {}
    for key, value in part.items():
        if key == "properties":
            tidied[key] = {name: _tidied(inner) for name, inner in value.items()}
        elif key != "title" and not (key == "default" and value is None):
            tidied[key] = _tidied(value)
    return tidied


if __name__ == "__main__":
    print(write())
