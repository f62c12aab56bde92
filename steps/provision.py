"""Apply the approved plan with Terraform."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import provisioning
from zenstrap.reports import GateReport, PlanReport, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def provision(
    plan: PlanReport, gate: GateReport
) -> Annotated[TerraformOutputs, named("terraform_outputs")]:
    with running.step("provision") as this:
        return this.done(provisioning.provision(plan, gate, this.run))
