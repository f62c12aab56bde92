"""Look at everything that the run needs, before anything is planned."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import checking
from zenstrap.reports import ConfigReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def preflight(config: ConfigReport) -> Annotated[PreflightReport, named("preflight")]:
    with session.step_of(config.config.environment, "preflight") as progress:
        return progress.done(checking.preflight(config.config, Client()))
