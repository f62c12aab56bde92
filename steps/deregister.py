"""Delete the environment's registrations from ZenML."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import teardown
from zenstrap.reports import GateReport, PlanReport, Registrations


@step(enable_cache=False, output_materializers=ReportMaterializer)
def deregister(
    plan: PlanReport, gate: GateReport
) -> Annotated[Registrations, named("registrations")]:
    with running.step("deregister") as this:
        return this.done(teardown.deregister(plan, gate, Client(), this.run))
