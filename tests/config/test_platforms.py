"""A platform is added by one call: its sections, flavors and rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from tests.config.conftest import Configs
from zenstrap.config import EnvironmentConfig, PlatformConfig, load_environment, register, to_data
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.schema import schema
from zenstrap.config.section import Section
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR

STORE = "stack.components.artifact_store.flavor"
MOON = "environments/moon.yaml"
FILE = """environment: moon
platform: moon
crater: {name: tycho}
stack:
  version: 1.0.0
  components:
    artifact_store: {version: 1.0.0, flavor: local}
    orchestrator: {version: 1.0.0, flavor: local}
"""


class Crater(Section):
    """Where on the moon it lives."""

    name: str


class MoonEnvironment(EnvironmentConfig):
    """An environment on the moon."""

    platform: Literal["moon"]
    crater: Crater


def _is_lit(config: MoonEnvironment) -> Violations:
    if config.crater.name == "shackleton":
        yield Violation(("crater.name", "platform"), "is never lit")


THE_MOON = PlatformConfig(
    model=MoonEnvironment,
    flavors=(LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR),
    rules=(_is_lit,),
)


@pytest.fixture
def moon(configs: Configs) -> Iterator[Configs]:
    register("moon", THE_MOON)
    configs.path(MOON).write_text(FILE)
    yield configs
    del PLATFORMS["moon"]


def test_its_environments_are_loaded(moon: Configs) -> None:
    config = load_environment("moon", moon.folder)
    assert isinstance(config, MoonEnvironment)
    assert EnvironmentConfig.model_validate(config.model_dump(mode="json")) == config
    assert list(to_data(config))[:3] == ["environment", "platform", "crater"]


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("platform: moon", "platform: mon", "platform", "not one of gcp, local or moon"),
        ("tycho", "7", "crater.name", "expected text"),
        ("tycho", "shackleton", "crater.name", "never lit"),
        ("crater: {name: tycho}\n", "", "crater", "platform moon needs it"),
        ("crater:", "local: {}\ncrater:", "local", "doesn't belong to platform moon"),
        ("1.0.0, flavor: local}\n    o", "1.0.0, flavor: gcp}\n    o", STORE, "platform moon"),
    ],
)  # fmt: skip
def test_its_files_are_checked(moon: Configs, old: str, new: str, key: str, message: str) -> None:
    moon.edit(MOON, old, new)
    found = moon.problem("moon")
    assert found.key == key
    assert message in found.message


def test_editors_know_it(moon: Configs) -> None:
    properties = schema()["$defs"]["EnvironmentFile"]["properties"]
    assert properties["platform"]["enum"] == [*PLATFORMS]
    assert "crater" in properties
    assert "moon" in schema()["$defs"]["MlProjectPerPlatform"]["properties"]


def test_no_two_have_one_section(moon: Configs) -> None:
    with pytest.raises(ValueError, match="crater"):
        register("mars", THE_MOON)
