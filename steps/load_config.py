"""First step: the configuration becomes the artifact that every later step reads."""

from typing import Annotated

from zenml import get_step_context, step
from zenml.utils.dashboard_utils import get_run_url

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.config import EnvironmentConfig
from zenstrap.config.rules import require_kept
from zenstrap.events import RunStarted
from zenstrap.reports import ConfigReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def load_config(
    config: EnvironmentConfig, removal: bool = False
) -> Annotated[ConfigReport, named("config")]:
    """What is there may always be taken away, whatever today's rules say of its configuration."""
    run = get_step_context().pipeline_run
    opened = session.current(config.environment)
    opened.run_id, opened.run_name = str(run.id), run.name
    opened.emit(RunStarted(config.environment, opened.command, run.name, get_run_url(run)))
    with session.step_of(config.environment, "load_config") as progress:
        if not removal:
            require_kept(config)
        return progress.done(ConfigReport(config=config))
