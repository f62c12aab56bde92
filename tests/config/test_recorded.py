"""What runs recorded can be read for ever, and what only a newer version understands is refused."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.recorded.stages import ENVIRONMENTS
from tests.recorded.world import ARCHIVE
from zenstrap.config import load_environment
from zenstrap.config.recorded import SCHEMA, read_recorded
from zenstrap.config.rules import require_kept
from zenstrap.errors import UsageError


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of the runs of the recorded world, by their names."""
    folder = tmp_path_factory.mktemp("recorded")
    with tarfile.open(ARCHIVE) as archive:
        found = [one for one in archive.getmembers() if Path(one.name).name == "zenml.db"]
        archive.extractall(folder, found, filter="data")
    with sqlite3.connect(folder / found[0].name) as database:
        rows = database.execute(
            "select r.name, s.pipeline_configuration from pipeline_run r "
            "join pipeline_snapshot s on r.snapshot_id = s.id"
        ).fetchall()
    return {name: json.loads(text)["parameters"].get("config") for name, text in rows}


def test_what_earlier_versions_recorded(parameters: dict[str, Any]) -> None:
    found = {name: one for name, one in parameters.items() if "-bootstrap-" in name}
    read = [read_recorded(content, 0, run=name) for name, content in found.items()]
    assert {config.environment for config in read} == {*ENVIRONMENTS}


def test_what_this_version_records() -> None:
    config = load_environment("prod")
    assert read_recorded(config.model_dump(mode="json"), SCHEMA, run="prod-1") == config


def test_what_breaks_a_rule_of_today_is_read() -> None:
    """What it made is there, and must be looked at and taken away."""
    content = load_environment("prod").model_dump(mode="json") | {"throwaway": True}
    config = read_recorded(content, SCHEMA, run="prod-1")
    assert config.throwaway
    with pytest.raises(UsageError, match="prod"):
        require_kept(config)


@pytest.mark.parametrize(
    ("schema", "changes"),
    [(SCHEMA + 1, {}), (SCHEMA, {"platform": "moon"}), (SCHEMA, {"of_tomorrow": 1}), (0, None)],
)
def test_what_cant_be_read_is_refused_with_the_run(
    schema: int, changes: dict[str, Any] | None
) -> None:
    content = load_environment("local").model_dump(mode="json")
    with pytest.raises(UsageError, match="local-1") as caught:
        read_recorded(None if changes is None else content | changes, schema, run="local-1")
    assert caught.value.why and caught.value.fix
