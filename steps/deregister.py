"""Take the environment's registrations out of ZenML."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import teardown
from zenstrap.reports import ConfigReport, GateReport, PlanReport, Registrations


@step(enable_cache=False, output_materializers=ReportMaterializer)
def deregister(
    config: ConfigReport, plan: PlanReport, gate: GateReport
) -> Annotated[Registrations, named("registrations")]:
    environment = config.config.environment
    with session.step_of(environment, "deregister") as progress:
        return progress.done(
            teardown.deregister(config.config, plan, gate, Client(), session.current(environment))
        )
