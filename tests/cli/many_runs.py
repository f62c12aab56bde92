"""A ZenML with very many runs."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

from tests.conftest import DATABASE, Home


def repeat_the_newest_run(home: Home, times: int) -> None:
    """More runs like the newest one, with its tags: real ones would take minutes."""
    with sqlite3.connect(home.zenml / DATABASE) as database:
        database.row_factory = sqlite3.Row
        newest = dict(
            database.execute("SELECT * FROM pipeline_run ORDER BY created DESC LIMIT 1").fetchone()
        )
        tags = database.execute(
            "SELECT * FROM tag_resource WHERE resource_id = ?", (newest["id"],)
        ).fetchall()
        for number in range(times):
            run_id = uuid.uuid4().hex
            copy: dict[str, Any] = {
                **newest,
                "id": run_id,
                "name": f"{newest['name']}-{number}",
                "orchestrator_run_id": run_id,
                "index": newest["index"] + 1 + number,
            }
            insert(database, "pipeline_run", copy)
            for tag in tags:
                again = {**dict(tag), "id": uuid.uuid4().hex, "resource_id": run_id}
                insert(database, "tag_resource", again)


def insert(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
