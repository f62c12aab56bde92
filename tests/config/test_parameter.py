"""What a pipeline is given is stored whole, and read again as it was, by a real run of ZenML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.errors import UsageError

if TYPE_CHECKING:
    from zenml.client import Client


def recorded(
    client: Client, config: EnvironmentConfig, command: str = "up"
) -> tuple[object, EnvironmentConfig]:
    """What the run's parameter and the first step's artifact have become in ZenML."""
    from tests.config.first_step import first_step

    named = first_step.with_options(substitutions={"environment": config.environment})
    run = named(config=config, command=command)
    assert run is not None
    run = client.get_pipeline_run(run.id)
    artifact = run.steps["load_config"].output.load()
    assert isinstance(artifact, EnvironmentConfig)
    return run.config.parameters["config"], artifact


def test_it_comes_back_as_it_was(client: Client) -> None:
    loaded = load_environment("prod")
    # As the command line does: ZenML stores the fields that were set.
    config = EnvironmentConfig.model_validate(loaded.model_dump(mode="json"))
    parameter, artifact = recorded(client, config)
    assert parameter == config.model_dump(mode="json")
    assert artifact == EnvironmentConfig.model_validate(parameter) == config
    assert type(artifact) is type(config)


def test_the_rules_hold_without_files_but_for_a_removal(client: Client) -> None:
    broken = load_environment("prod").model_copy(update={"throwaway": True})
    with pytest.raises(UsageError, match="prod"):
        recorded(client, broken)
    _, artifact = recorded(client, broken, "down")
    assert artifact == broken
