"""`rollback`: moves one alias back to an earlier version, after a new smoke test of it."""

from pipelines.bootstrap import TRAINING
from pipelines.lifecycle import lifecycle_pipeline
from steps.find_version import find_version
from steps.gate import gate
from steps.load_config import load_config
from steps.plan_rollback import plan_rollback
from steps.preflight import preflight
from steps.roll_back import roll_back
from steps.smoke_test import smoke_test
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle.opening import opened
from zenstrap.lifecycle.registering import candidates
from zenstrap.request import PLAIN, Request


@lifecycle_pipeline("rollback")
def rollback(config: EnvironmentConfig, request: Request = PLAIN) -> None:
    with opened(config, request, rollback.command):
        planned = plan_rollback(preflight(load_config(config)))
        approved = gate(planned)
        target = find_version(planned, approved)
        tests = [
            smoke_test.with_options(
                parameters={"stack": candidate.name, "training_pipeline": TRAINING}
            )(target, id=f"smoke_test {candidate.name}")
            for candidate in candidates(target.load(), planned.load())
        ]
        roll_back(planned, approved, tests)
