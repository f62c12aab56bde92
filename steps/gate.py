"""Show the plan; approve it, ask for approval, or refuse it."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.policy.approval import approve
from zenstrap.reports import GateReport, PlanReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def gate(plan: PlanReport) -> Annotated[GateReport, named("gate")]:
    with running.step("gate") as this:
        run = this.run
        run.audience.show_plan(plan)
        return this.done(approve(plan, run.config, run.platform.resource_rules(), run))
