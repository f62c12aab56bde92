"""Register the service connectors of the environment."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import registering
from zenstrap.reports import PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def register_connectors(
    outputs: TerraformOutputs, plan: PlanReport
) -> Annotated[Registrations, named("connectors")]:
    with running.step("register_connectors") as this:
        return this.done(registering.register_connectors(outputs, plan, Client(), this.run))
