"""From a configuration to stacks that have proven themselves."""

from zenml import pipeline

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
from zenstrap.lifecycle.registering import candidates
from zenstrap.lifecycle.succession import what_is_current

TRAINING = "pipelines.smoke_training.smoke_training"


@pipeline(dynamic=True, enable_cache=False)
def bootstrap(config: EnvironmentConfig) -> None:
    """Every candidate is tested, each alias moves alone; one that fails doesn't hold the others."""
    loaded = load_config(config)
    planned = plan(loaded, preflight(loaded))
    approved = gate(loaded, planned)
    outputs = provision(loaded, planned, approved)
    connectors = register_connectors(loaded, outputs, planned)
    registrations = register_stacks(loaded, outputs, connectors, planned)
    passed, failures = [], []
    for candidate in candidates(registrations.load(), planned.load()):
        test = smoke_test.with_options(
            parameters={"stack": candidate.name, "training_pipeline": TRAINING}
        )
        try:
            passed.append(test(loaded, registrations, id=f"smoke_test {candidate.name}"))
        except SmokeTestError as error:
            failures.append(error)
    promotion = promote(loaded, outputs, planned, registrations, passed)
    if failures:
        failed: dict[str, list[str]] = {}
        for reason, stacks in (one for failure in failures for one in failure.failed.items()):
            failed.setdefault(reason, []).extend(stacks)
        raise SmokeTestError(
            failed,
            why=what_is_current(promotion.load()),
            fix=failures[0].fix,
            command=failures[0].command,
        )
