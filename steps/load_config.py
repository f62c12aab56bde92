"""First step: the configuration becomes the artifact that every later step reads."""

from typing import Annotated

from zenml import step

from steps.artifact import ConfigMaterializer, named
from zenstrap import running
from zenstrap.config import EnvironmentConfig
from zenstrap.config.rules import require_kept
from zenstrap.reports import ConfigReport


@step(enable_cache=False, output_materializers=ConfigMaterializer)
def load_config(config: EnvironmentConfig) -> Annotated[EnvironmentConfig, named("config")]:
    """What is there may always be taken away, whatever today's rules say of its configuration."""
    with running.step("load_config") as this:
        if this.run.command != "down":
            require_kept(config)
        return this.done(ConfigReport(config=config)).config
