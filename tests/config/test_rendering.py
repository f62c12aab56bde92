from __future__ import annotations

import json
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import REAL
from tests.recorded.stages import ENVIRONMENTS as RECORDED
from tests.recorded.world import ARCHIVE
from zenstrap.config import EnvironmentConfig, load_environment, to_data, to_yaml
from zenstrap.config.reading import parse
from zenstrap.config.rendering import SCHEMA, dumped, read_recorded
from zenstrap.config.rules import require_kept
from zenstrap.config.trees import plain
from zenstrap.errors import UsageError

ENVIRONMENTS = ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_printed_loads_again_to_the_same(environment: str) -> None:
    config = load_environment(environment, REAL)
    text = to_yaml(config)
    by_1_2, problems = parse(text, "a.yaml")
    assert problems == []
    assert EnvironmentConfig.model_validate(yaml.safe_load(text)) == config
    assert EnvironmentConfig.model_validate(plain(by_1_2)) == config
    assert EnvironmentConfig.model_validate(json.loads(json.dumps(to_data(config)))) == config


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_pipeline_parameter_survives_json(environment: str) -> None:
    config = load_environment(environment, REAL)
    again = EnvironmentConfig.model_validate(config.model_dump(mode="json"))
    assert again == config
    assert EnvironmentConfig.model_validate_json(config.model_dump_json()) == config
    assert EnvironmentConfig(**config.model_dump()) == config


# Only such text as can stand in a description; what looks like a secret is refused on reading.
@settings(max_examples=40, deadline=None)
@given(
    st.text(min_size=1, max_size=20).filter(str.strip)
    | st.sampled_from(
        ["yes", "no", "on", "1e3", "012", "1:30", "2026-11-22", "null", "~", "=", "<<", "0o7"]
    )
    | st.from_regex(r"[-+.0-9eExXoO_:]{1,8}", fullmatch=True)
)
def test_any_text_survives_in_both_dialects(text: str) -> None:
    data = {"description": text}
    rendered = dumped(data)
    assert yaml.safe_load(rendered) == data
    tree, problems = parse(rendered, "a.yaml")
    if not problems:
        assert plain(tree) == data


def test_nulls_of_components_are_left_out() -> None:
    text = to_yaml(load_environment("local", REAL))
    assert "machine_type" not in text
    assert "deployer" not in text


# --- What runs recorded ---
# What runs recorded can be read for ever, and what only a newer version understands is refused.


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
    assert {config.environment for config in read} == {*RECORDED}


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
