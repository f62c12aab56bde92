"""Destroy the infrastructure, by the approved plan."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import teardown
from zenstrap.reports import ConfigReport, GateReport, PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def destroy(
    config: ConfigReport, plan: PlanReport, gate: GateReport, deregistered: Registrations
) -> Annotated[TerraformOutputs, named("terraform_outputs")]:
    environment = config.config.environment
    with session.step_of(environment, "destroy") as progress:
        return progress.done(
            teardown.destroy(config.config, plan, gate, session.current(environment))
        )
