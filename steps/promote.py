"""Move the aliases of the stacks that passed their smoke test."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import registering
from zenstrap.reports import (
    PlanReport,
    PromotionReport,
    Registrations,
    SmokeTestReport,
    TerraformOutputs,
)


@step(enable_cache=False, output_materializers=ReportMaterializer)
def promote(
    outputs: TerraformOutputs,
    plan: PlanReport,
    registrations: Registrations,
    tests: list[SmokeTestReport],
) -> Annotated[PromotionReport, named("promotion")]:
    with running.step("promote") as this:
        return this.done(
            registering.promote(outputs, plan, registrations, tests, Client(), this.run)
        )
