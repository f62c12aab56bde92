"""Train on one candidate stack and read the model back."""

from typing import Annotated

from zenml import get_step_context, save_artifact, step
from zenml.utils import source_utils

from steps.artifact import ReportMaterializer, named
from zenstrap import invocation, session
from zenstrap.errors import SmokeTestError
from zenstrap.lifecycle.proving import REPORT, prove
from zenstrap.reports import ConfigReport, Registrations, SmokeTestReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def smoke_test(
    config: ConfigReport, registrations: Registrations, stack: str, training_pipeline: str
) -> Annotated[SmokeTestReport, named(REPORT)]:
    """Args: stack: the candidate's name. training_pipeline: the pipeline's source, module.name."""
    environment = config.config.environment
    with session.step_of(environment, "smoke_test", stack) as progress:
        report = prove(
            candidate=next(r for r in registrations.registrations if r.name == stack),
            config=config.config,
            pipeline=source_utils.load(training_pipeline),
            step_id=get_step_context().step_run.id,
            session=session.current(environment),
        )
        if not report.passed:  # a failed step keeps no output by itself
            save_artifact(report, name=f"{environment}_{REPORT}", materializer=ReportMaterializer)
            raise SmokeTestError(
                {report.reason: [stack]},
                fix="Mend what failed, then run the same command again",
                command=invocation.again(environment),
            )
        return progress.done(report)
