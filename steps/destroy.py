"""Destroy the infrastructure with the approved plan."""

from typing import Annotated

from zenml import step

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import teardown
from zenstrap.reports import GateReport, PlanReport, Registrations, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def destroy(
    plan: PlanReport, gate: GateReport, deregistered: Registrations
) -> Annotated[TerraformOutputs, named("terraform_outputs")]:
    with running.step("destroy") as this:
        return this.done(teardown.destroy(plan, gate, this.run))
