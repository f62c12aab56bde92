"""A pipeline of the first step alone; ZenML finds it by its module."""

from zenml import pipeline

from steps.load_config import load_config
from zenstrap.config import EnvironmentConfig


@pipeline(dynamic=True, enable_cache=False)
def first_step(config: EnvironmentConfig, removal: bool = False) -> None:
    load_config(config, removal=removal)
