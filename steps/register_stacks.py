"""Register the components and the candidate stacks."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import registering
from zenstrap.reports import ConfigReport, PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def register_stacks(
    config: ConfigReport,
    outputs: TerraformOutputs,
    connectors: Registrations,
    plan: PlanReport,
) -> Annotated[Registrations, named("registrations")]:
    environment = config.config.environment
    with session.step_of(environment, "register_stacks") as progress:
        return progress.done(
            registering.register_stacks(
                config.config, outputs, plan, Client(), session.current(environment)
            )
        )
