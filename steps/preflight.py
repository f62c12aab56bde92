"""Check everything that the run needs, before the plan."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle import checking
from zenstrap.reports import PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def preflight(config: EnvironmentConfig) -> Annotated[PreflightReport, named("preflight")]:
    with running.step("preflight") as this:
        return this.done(checking.preflight(Client(), this.run))
