"""Show the plan; let it through, ask, or refuse it."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.policy.approval import approve
from zenstrap.reports import ConfigReport, GateReport, PlanReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def gate(config: ConfigReport, plan: PlanReport) -> Annotated[GateReport, named("gate")]:
    opened = session.current(config.config.environment)
    with session.step_of(config.config.environment, "gate") as progress:
        opened.show_plan(plan)
        return progress.done(approve(plan, config.config, opened.platform.resource_rules(), opened))
