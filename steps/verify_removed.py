"""Verify that nothing of the environment is left."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import teardown
from zenstrap.reports import PlanReport, TeardownReport, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def verify_removed(
    plan: PlanReport, destroyed: TerraformOutputs
) -> Annotated[TeardownReport, named("teardown")]:
    with running.step("verify_removed") as this:
        return this.done(teardown.verify_removed(plan, Client(), this.run))
