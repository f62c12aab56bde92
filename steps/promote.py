"""Move the aliases of the stacks that proved themselves."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import registering
from zenstrap.reports import (
    ConfigReport,
    PlanReport,
    PromotionReport,
    Registrations,
    SmokeTestReport,
    TerraformOutputs,
)


@step(enable_cache=False, output_materializers=ReportMaterializer)
def promote(
    config: ConfigReport,
    outputs: TerraformOutputs,
    plan: PlanReport,
    registrations: Registrations,
    tests: list[SmokeTestReport],
) -> Annotated[PromotionReport, named("promotion")]:
    environment = config.config.environment
    with session.step_of(environment, "promote") as progress:
        return progress.done(
            registering.promote(
                config.config,
                outputs,
                plan,
                registrations,
                tests,
                Client(),
                session.current(environment),
            )
        )
