"""Look at everything that the run needs, before anything is planned."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import checking
from zenstrap.reports import ConfigReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def preflight(
    config: ConfigReport, trains: bool = True
) -> Annotated[PreflightReport, named("preflight")]:
    environment = config.config.environment
    with session.step_of(environment, "preflight") as progress:
        run = session.current(environment)
        found = checking.preflight(config.config, Client(), run, trains=trains)
        return progress.done(found)
