"""Prove that nothing of the environment is left."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import teardown
from zenstrap.reports import ConfigReport, PlanReport, TeardownReport, TerraformOutputs


@step(enable_cache=False, output_materializers=ReportMaterializer)
def verify_removed(
    config: ConfigReport, plan: PlanReport, destroyed: TerraformOutputs
) -> Annotated[TeardownReport, named("teardown")]:
    environment = config.config.environment
    with session.step_of(environment, "verify_removed") as progress:
        return progress.done(
            teardown.verify_removed(config.config, plan, Client(), session.current(environment))
        )
