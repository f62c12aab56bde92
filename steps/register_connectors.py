"""Register the service connectors of the environment."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import registering
from zenstrap.reports import ConfigReport, PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def register_connectors(
    config: ConfigReport, outputs: TerraformOutputs, plan: PlanReport
) -> Annotated[Registrations, named("connectors")]:
    environment = config.config.environment
    with session.step_of(environment, "register_connectors") as progress:
        return progress.done(
            registering.register_connectors(
                config.config, outputs, plan, Client(), session.current(environment)
            )
        )
