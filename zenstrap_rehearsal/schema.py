"""The schemas of the Google provider that the double serves.

``python -m zenstrap_rehearsal.schema [WHEEL]`` makes ``schemas/google.json`` anew from the
provider's Python bindings, which pip downloads unless the wheel is given. A test compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "schemas" / "google.json"

# The bindings of hashicorp/google 6.50.0.
PACKAGE: Final = "cdktf-cdktf-provider-google==16.12.1"

# google_project_service_identity is missing: it is in the provider's beta version only.
RESOURCES: Final = (
    "google_artifact_registry_repository",
    "google_artifact_registry_repository_iam_member",
    "google_iam_workload_identity_pool",
    "google_iam_workload_identity_pool_provider",
    "google_kms_crypto_key",
    "google_kms_crypto_key_iam_member",
    "google_kms_key_ring",
    "google_project_iam_custom_role",
    "google_project_iam_member",
    "google_project_service",
    "google_service_account",
    "google_service_account_iam_member",
    "google_service_account_key",
    "google_storage_bucket",
    "google_storage_bucket_iam_member",
    "google_storage_bucket_object",
)
DATA_SOURCES: Final = (
    "google_client_config",
    "google_client_openid_userinfo",
    "google_project",
    "google_service_account",
    "google_storage_project_service_account",
)

# The bindings don't tell what is sensitive.
SENSITIVE: Final = {
    "provider": ("access_token", "credentials"),
    "google_client_config": ("access_token",),
    "google_service_account_key": ("private_key",),
    "google_storage_bucket_object": ("content",),
}


def load() -> dict[str, Any]:
    """The schemas, in the shape of ``terraform providers schema -json``."""
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    return loaded


def regenerate(wheel: Path) -> str:
    """The text of ``schemas/google.json``, from the bindings."""
    from zenstrap_rehearsal.bindings import provider_of, schemas

    folders = frozenset(
        [
            "provider",
            *(_dashed(name.removeprefix("google_")) for name in RESOURCES),
            *(f"data-{_dashed(name)}" for name in DATA_SOURCES),
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
        FILE.write_text(regenerate(Path(arguments[0])))
        return
    with tempfile.TemporaryDirectory() as folder:
        FILE.write_text(regenerate(download(Path(folder))))


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
    """JSON with a line for each attribute: readable in a diff, and a tenth of the usual lines."""
    flat = json.dumps(value, sort_keys=True)
    if not isinstance(value, dict) or len(indent + flat) <= 100 or "type" in value:
        return flat if indent else flat + "\n"
    inner = indent + " "
    rows = [f"{inner}{json.dumps(k)}: {_lines(v, inner)}" for k, v in sorted(value.items())]
    text = "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    return text if indent else text + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
