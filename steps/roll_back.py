"""Move one alias back to the approved version."""

from typing import Annotated

from zenml import step
from zenml.client import Client

from steps.artifact import ReportMaterializer, named
from zenstrap import running
from zenstrap.lifecycle import rolling_back
from zenstrap.reports import GateReport, PlanReport, PromotionReport, SmokeTestReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def roll_back(
    plan: PlanReport, gate: GateReport, tests: list[SmokeTestReport]
) -> Annotated[PromotionReport, named("promotion")]:
    with running.step("roll_back") as this:
        return this.done(rolling_back.roll_back(plan, gate, tests, Client(), this.run))
