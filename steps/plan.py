"""Plan infrastructure and registrations together."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle.planning import plan_up
from zenstrap.reports import PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan(preflight: PreflightReport) -> Annotated[PlanReport, named("plan")]:
    with running.step("plan") as this:
        return this.done(plan_up(Client(), this.run))
