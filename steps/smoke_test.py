"""Train on one candidate stack and read the model back."""

from typing import Annotated

from zenml import get_step_context, save_artifact, step

from steps.artifact import ReportMaterializer, named
from zenstrap import invocation, running
from zenstrap.errors import SmokeTestError
from zenstrap.lifecycle.proving import REPORT, prove
from zenstrap.reports import Registrations, SmokeTestReport
from zenstrap.zenml_private.calls import StepOfRun, load_code


@step(enable_cache=False, output_materializers=ReportMaterializer)
def smoke_test(
    registrations: Registrations, stack: str, training_pipeline: str
) -> Annotated[SmokeTestReport, named(REPORT)]:
    """Args: stack: the candidate's name. training_pipeline: the pipeline's source, module.name."""
    with running.step("smoke_test", stack) as this:
        candidate = next(r for r in registrations.registrations if r.name == stack)
        context = get_step_context()
        caller = StepOfRun(context.pipeline_run.id, context.step_run.id)
        pipeline = load_code(training_pipeline)
        report = prove(candidate, pipeline, caller, this.run)
        if not report.passed:  # ZenML stores no output of a failed step
            name = f"{this.run.environment}_{REPORT}"
            save_artifact(report, name=name, materializer=ReportMaterializer)
            raise SmokeTestError(
                {report.reason: [stack]},
                fix="Correct the cause, then run the same command again",
                command=invocation.again(this.run.environment),
            )
        return this.done(report)
