"""Register the components and the candidate stacks."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import registering
from zenstrap.reports import PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def register_stacks(
    outputs: TerraformOutputs, connectors: Registrations, plan: PlanReport
) -> Annotated[Registrations, named("registrations")]:
    with running.step("register_stacks") as this:
        return this.done(registering.register_stacks(outputs, plan, Client(), this.run))
