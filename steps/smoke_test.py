"""Train on one candidate stack and read the model back."""

from typing import Annotated

from zenml import get_step_context, save_artifact, step
from zenml.utils import source_utils

from steps.artifact import ReportMaterializer, named
from zenstrap import invocation, running
from zenstrap.errors import SmokeTestError
from zenstrap.lifecycle.proving import REPORT, prove
from zenstrap.reports import Registrations, SmokeTestReport


@step(enable_cache=False, output_materializers=ReportMaterializer)
def smoke_test(
    registrations: Registrations, stack: str, training_pipeline: str
) -> Annotated[SmokeTestReport, named(REPORT)]:
    """Args: stack: the candidate's name. training_pipeline: the pipeline's source, module.name."""
    with running.step("smoke_test", stack) as this:
        candidate = next(r for r in registrations.registrations if r.name == stack)
        pipeline, id = source_utils.load(training_pipeline), get_step_context().step_run.id
        report = prove(candidate, this.run.config, pipeline, id, this.run)
        if not report.passed:  # a failed step keeps no output by itself
            name = f"{this.run.environment}_{REPORT}"
            save_artifact(report, name=name, materializer=ReportMaterializer)
            raise SmokeTestError(
                {report.reason: [stack]},
                fix="Mend what failed, then run the same command again",
                command=invocation.again(this.run.environment),
            )
        return this.done(report)
