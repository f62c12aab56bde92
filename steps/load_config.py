"""First step: stores the configuration as an artifact of the run."""

from typing import Annotated

from zenml import step

from steps.artifact import ConfigMaterializer, named
from zenstrap import running
from zenstrap.config import EnvironmentConfig
from zenstrap.config.rules import require_kept
from zenstrap.reports import ConfigReport


@step(enable_cache=False, output_materializers=ConfigMaterializer)
def load_config(config: EnvironmentConfig) -> Annotated[EnvironmentConfig, named("config")]:
    """``down`` skips the rules, so that an environment that breaks one can still be removed."""
    with running.step("load_config") as this:
        if this.run.command != "down":
            require_kept(config)
        return this.done(ConfigReport(config=config)).config
