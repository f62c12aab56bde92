"""Move one alias back to the version that was approved."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import session
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import (
    ConfigReport,
    GateReport,
    PlanReport,
    PromotionReport,
    SmokeTestReport,
)


@step(enable_cache=False, output_materializers=ReportMaterializer)
def roll_back(
    config: ConfigReport, plan: PlanReport, gate: GateReport, tests: list[SmokeTestReport]
) -> Annotated[PromotionReport, named("promotion")]:
    environment = config.config.environment
    with session.step_of(environment, "roll_back") as progress:
        return progress.done(
            rolling_back.roll_back(
                config.config, plan, gate, tests, Client(), session.current(environment)
            )
        )
