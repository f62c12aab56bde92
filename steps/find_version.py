"""Find the registered stack to roll back to."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import GateReport, PlanReport, Registrations


@step(enable_cache=False, output_materializers=ReportMaterializer)
def find_version(
    plan: PlanReport, gate: GateReport
) -> Annotated[Registrations, named("registrations")]:
    with running.step("find_version") as this:
        return this.done(rolling_back.find_version(plan, Client(), this.run))
