"""`up`: provisions, registers, smoke-tests and promotes."""

from pipelines.lifecycle import lifecycle_pipeline
from steps.gate import gate
from steps.load_config import load_config
from steps.plan import plan
from steps.preflight import preflight
from steps.promote import promote
from steps.provision import provision
from steps.register_connectors import register_connectors
from steps.register_stacks import register_stacks
from steps.smoke_test import smoke_test
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import SmokeTestError
from zenstrap.lifecycle.opening import opened
from zenstrap.lifecycle.registering import candidates
from zenstrap.lifecycle.succession import explain_failed_promotion
from zenstrap.request import PLAIN, Request

TRAINING = "pipelines.smoke_training.smoke_training"


@lifecycle_pipeline("up")
def bootstrap(config: EnvironmentConfig, request: Request = PLAIN) -> None:
    """Tests every candidate stack; a failed test only keeps its own alias from moving."""
    with opened(config, request, bootstrap.command):
        planned = plan(preflight(load_config(config)))
        outputs = provision(planned, gate(planned))
        connectors = register_connectors(outputs, planned)
        registrations = register_stacks(outputs, connectors, planned)
        passed, failures = [], []
        for candidate in candidates(registrations.load(), planned.load()):
            test = smoke_test.with_options(
                parameters={"stack": candidate.name, "training_pipeline": TRAINING}
            )
            try:
                passed.append(test(registrations, id=f"smoke_test {candidate.name}"))
            except SmokeTestError as error:
                failures.append(error)
        promotion = promote(outputs, planned, registrations, passed)
        if failures:
            raise _combined(failures, why=explain_failed_promotion(promotion.load()))


def _combined(failures: list[SmokeTestError], why: str) -> SmokeTestError:
    failed: dict[str, list[str]] = {}
    for reason, stacks in (item for failure in failures for item in failure.failed.items()):
        failed.setdefault(reason, []).extend(stacks)
    return SmokeTestError(failed, why=why, fix=failures[0].fix, command=failures[0].command)
