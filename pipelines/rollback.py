"""Bring one alias back to a version that it had, after that has proven itself again."""

from zenml import pipeline

from pipelines.bootstrap import TRAINING
from steps.find_version import find_version
from steps.gate import gate
from steps.load_config import load_config
from steps.plan_rollback import plan_rollback
from steps.preflight import preflight
from steps.roll_back import roll_back
from steps.smoke_test import smoke_test
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle.registering import candidates


@pipeline(dynamic=True, enable_cache=False)
def rollback(
    config: EnvironmentConfig, project: str | None = None, to: str | None = None, test: bool = True
) -> None:
    loaded = load_config(config)
    planned = plan_rollback(loaded, preflight(loaded, test), project, to, test)
    approved = gate(loaded, planned)
    target = find_version(loaded, planned, approved)
    tests = [
        smoke_test.with_options(
            parameters={"stack": candidate.name, "training_pipeline": TRAINING}
        )(loaded, target, id=f"smoke_test {candidate.name}")
        for candidate in candidates(target.load(), planned.load())
    ]
    roll_back(loaded, planned, approved, tests)
