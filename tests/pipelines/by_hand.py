"""A pipeline of somebody's own that uses one of zenstrap's steps."""

from zenml import pipeline

from steps.preflight import preflight
from zenstrap.config import EnvironmentConfig


@pipeline(dynamic=True, enable_cache=False)
def by_hand(config: EnvironmentConfig) -> None:
    preflight(config)
