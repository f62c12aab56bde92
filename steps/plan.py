"""Plan infrastructure and registrations in one."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle.planning import plan_up
from zenstrap.reports import ConfigReport, PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan(config: ConfigReport, preflight: PreflightReport) -> Annotated[PlanReport, named("plan")]:
    environment = config.config.environment
    with session.step_of(environment, "plan") as progress:
        return progress.done(plan_up(config.config, Client(), session.current(environment)))
