"""A pipeline of the first step alone, in a run that is open."""

from zenml import pipeline

from steps.load_config import load_config
from zenstrap import running
from zenstrap.config import EnvironmentConfig
from zenstrap.platforms import platform_of
from zenstrap.running import Run
from zenstrap.zenml_private.calls import run_of_body


@pipeline(dynamic=True, enable_cache=False)
def first_step(config: EnvironmentConfig, command: str) -> None:
    record = run_of_body()
    with running.opened(Run(platform_of(config), command), str(record.id), record.name):
        load_config(config)
