"""Looking for secrets in everything that a run left behind, in the spellings of programs."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import quote

from tests.conftest import Home

# Made to hold them: ZenML's secret store, and Terraform's state.
SECRET_TABLES = {"secret", "secret_resource"}
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_SQLITE = b"SQLite format 3\0"
STATE = (".tfstate", ".tfstate.backup")
# Where ZenML's client keeps what it signs in with.
CREDENTIALS = "credentials.yaml"


def leaks(secrets: Collection[str], home: Home, *printed: str) -> list[str]:
    """Where one of the secrets stands: which file, table, or printed text, and what is around."""
    needles = {needle for secret in secrets for needle in _spellings(secret)}
    return [
        f"{place}: {text[max(0, text.index(needle) - 80) :][:200]}"
        for place, text in (*_written(home), *((_first_line(text), text) for text in printed))
        for needle in needles
        if needle in text
    ]


def _first_line(text: str) -> str:
    """Of what was printed, or of a process, whose command line comes first."""
    return f"printed after {text.strip().partition(chr(10))[0][:100]!r}"


def as_text(data: bytes) -> str:
    """A file's content to be searched, unpacked where it is packed."""
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace")


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))
    for before in ("", "x", "xx") if len(secret) >= 12 else ():
        # What of it doesn't depend on its neighbours.
        yield base64.b64encode(f"{before}{secret}".encode()).decode()[4:-4]


def _written(home: Home) -> Iterator[tuple[str, str]]:
    for path in sorted(home.folder.rglob("*")):
        if not path.is_file() or path.name.endswith(STATE) or path.name == CREDENTIALS:
            continue
        content = path.read_bytes()
        if content.startswith(_SQLITE):
            yield from _rows(path)
        else:
            yield str(path), as_text(content)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(path) as database:
        tables = {row[0] for row in database.execute(_TABLES)}
        assert tables >= SECRET_TABLES, tables
        for name in sorted(tables - SECRET_TABLES):
            for row in database.execute(f'SELECT * FROM "{name}"'):
                for cell in row:
                    yield from ((f"table {name}", text) for text in _texts(cell))


def _texts(cell: object) -> Iterator[str]:
    """A cell as text; ZenML writes many in base64."""
    data = cell.encode() if isinstance(cell, str) else cell
    if not isinstance(data, bytes):
        return
    yield data.decode(errors="replace")
    try:
        yield base64.b64decode(data, validate=True).decode(errors="replace")
    except binascii.Error:
        return
