"""Plan how one alias goes back to an earlier version."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import ConfigReport, PlanReport, PreflightReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def plan_rollback(
    config: ConfigReport,
    preflight: PreflightReport,
    project: str | None,
    to: str | None,
    test: bool,
) -> Annotated[PlanReport, named("plan")]:
    environment = config.config.environment
    with session.step_of(environment, "plan_rollback") as progress:
        return progress.done(
            rolling_back.plan_rollback(
                config.config,
                Client(),
                session.current(environment),
                project=project,
                to=to,
                test=test,
            )
        )
