"""Private keys of the double's service accounts: taken out of the record, put back as new ones.

They lie in Terraform's states and in ZenML's secret table. A new one has the same id, so nothing
that zenstrap compares is another.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.conftest import DATABASE
from tests.e2e.google_cloud import owner
from zenstrap_rehearsal import Rehearsal

Replace = Callable[[str], str]

_PLACEHOLDER: Final = re.compile(r"<the key (?P<id>\w+), (?P<form>as JSON|in base64)>")


def forget_keys(world: Path) -> None:
    """Put a placeholder in the place of every key in the saved objects and ZenML's database.

    Raises:
        ValueError: one is still there.
    """
    for file in (world / "cloud/objects").iterdir():
        _rewrite_state(file, _forgotten)
    _rewrite_secrets(world / "zenml" / DATABASE, _forgotten)
    for file in world.rglob("*"):
        if file.is_file() and any(mark in file.read_bytes() for mark in _MARKS):
            raise ValueError(f"{file} holds a private key")


def give_keys(cloud: Rehearsal, keys: Mapping[str, str], world: Path) -> None:
    """Put new keys in the places of the placeholders.

    Args:
        keys: documents by id.
    """

    def given(text: str) -> str:
        found = _PLACEHOLDER.fullmatch(text)
        if found is None:
            return text
        document = keys[found["id"]]
        in_base64 = base64.b64encode(document.encode()).decode()
        return document if found["form"] == "as JSON" else in_base64

    for project in cloud.project_ids:
        for bucket in owner(cloud).list_buckets(project=project):
            for blob in bucket.list_blobs():
                if blob.name.endswith(".tfstate"):
                    state = json.loads(blob.download_as_bytes())
                    blob.upload_from_string(json.dumps(_walked(state, given), indent=2))
    _rewrite_secrets(world / "zenml" / DATABASE, given)


def _marks() -> list[bytes]:
    """How the head of a PEM begins, in clear and in base64 at each of the three alignments."""
    head = b"PRIVATE KEY-----"
    shifted = [base64.b64encode(b"x" * shift + head)[4 : 4 + 16] for shift in range(3)]
    return [head, *shifted]


_MARKS: Final = _marks()


def _forgotten(text: str) -> str:
    for form, decoded in (("as JSON", text), ("in base64", _from_base64(text))):
        try:
            document = json.loads(decoded)
        except ValueError:
            continue
        if isinstance(document, dict) and "private_key" in document:
            return f"<the key {document['private_key_id']}, {form}>"
    return text


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _rewrite_state(file: Path, replace: Replace) -> None:
    try:
        state = json.loads(file.read_bytes())
    except ValueError:
        return  # an artifact, or the empty lock
    if isinstance(state, dict) and "lineage" in state:
        file.write_text(json.dumps(_walked(state, replace), indent=2))


def _rewrite_secrets(database: Path, replace: Replace) -> None:
    """ZenML keeps a secret's values as base64 of a JSON object."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("PRAGMA secure_delete = on")
        for row, values in connection.execute('SELECT id, "values" FROM secret').fetchall():
            found = _walked(json.loads(base64.b64decode(values)), replace)
            kept = base64.b64encode(json.dumps(found).encode())
            connection.execute('UPDATE secret SET "values" = ? WHERE id = ?', (kept, row))
    connection.execute("VACUUM")
    connection.close()


def _walked(value: Any, replace: Replace) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_walked(one, replace) for one in value]
    if isinstance(value, dict):
        return {name: _walked(one, replace) for name, one in value.items()}
    return value
