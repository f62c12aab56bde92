"""Apply the approved plan with Terraform."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import provisioning
from zenstrap.reports import ConfigReport, GateReport, PlanReport, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def provision(
    config: ConfigReport, plan: PlanReport, gate: GateReport
) -> Annotated[TerraformOutputs, named("terraform_outputs")]:
    environment = config.config.environment
    with session.step_of(environment, "provision") as progress:
        return progress.done(
            provisioning.provision(config.config, plan, gate, session.current(environment))
        )
