"""Plan how the environment is taken away."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle.planning import plan_down
from zenstrap.reports import ConfigReport, PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan_removal(
    config: ConfigReport, preflight: PreflightReport
) -> Annotated[PlanReport, named("plan")]:
    environment = config.config.environment
    with session.step_of(environment, "plan_removal") as progress:
        return progress.done(plan_down(config.config, Client(), session.current(environment)))
