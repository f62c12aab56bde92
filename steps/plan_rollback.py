"""Plan the rollback of one alias to an earlier version."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan_rollback(preflight: PreflightReport) -> Annotated[PlanReport, named("plan")]:
    with running.step("plan_rollback") as this:
        return this.done(rolling_back.plan_rollback(Client(), this.run))
