"""`down`: removes registrations, then infrastructure, and verifies that nothing is left."""

from pipelines.lifecycle import lifecycle_pipeline
from steps.deregister import deregister
from steps.destroy import destroy
from steps.gate import gate
from steps.load_config import load_config
from steps.plan_removal import plan_removal
from steps.preflight import preflight
from steps.verify_removed import verify_removed
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle.opening import opened
from zenstrap.request import PLAIN, Request


@lifecycle_pipeline("down")
def teardown(config: EnvironmentConfig, request: Request = PLAIN) -> None:
    with opened(config, request, teardown.command):
        planned = plan_removal(preflight(load_config(config)))
        approved = gate(planned)
        destroyed = destroy(planned, approved, deregister(planned, approved))
        verify_removed(planned, destroyed)
