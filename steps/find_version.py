"""Find the registered stack that a rollback goes to."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import ConfigReport, GateReport, PlanReport, Registrations


@step(enable_cache=False, output_materializers=ReportMaterializer)
def find_version(
    config: ConfigReport, plan: PlanReport, gate: GateReport
) -> Annotated[Registrations, named("registrations")]:
    environment = config.config.environment
    with session.step_of(environment, "find_version") as progress:
        found = rolling_back.find_version(
            config.config, plan, Client(), session.current(environment)
        )
        return progress.done(found)
