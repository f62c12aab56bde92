from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import REAL
from zenstrap.config import EnvironmentConfig, load_environment, to_data, to_yaml
from zenstrap.config.reading import parse
from zenstrap.config.trees import plain

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


LOCAL = load_environment("local", REAL)


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
    config = LOCAL
    project = config.ml_projects["recommendation"].model_copy(update={"description": text})
    projects = {**config.ml_projects, "recommendation": project}
    changed = config.model_copy(update={"ml_projects": projects})
    rendered = to_yaml(changed)
    assert EnvironmentConfig.model_validate(yaml.safe_load(rendered)) == changed
    tree, problems = parse(rendered, "a.yaml")
    if not problems:
        assert EnvironmentConfig.model_validate(plain(tree)) == changed


def test_nulls_of_components_are_left_out() -> None:
    text = to_yaml(load_environment("local", REAL))
    assert "machine_type" not in text
    assert "deployer" not in text
