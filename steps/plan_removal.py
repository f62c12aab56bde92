"""Plan the removal of the environment."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle.planning import plan_down
from zenstrap.reports import PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan_removal(preflight: PreflightReport) -> Annotated[PlanReport, named("plan")]:
    with running.step("plan_removal") as this:
        return this.done(plan_down(Client(), this.run))
