"""Take an environment away, registrations before infrastructure, and prove that it is gone."""

from zenml import pipeline

from steps.deregister import deregister
from steps.destroy import destroy
from steps.gate import gate
from steps.load_config import load_config
from steps.plan_removal import plan_removal
from steps.preflight import preflight
from steps.verify_removed import verify_removed
from zenstrap.config import EnvironmentConfig


@pipeline(dynamic=True, enable_cache=False)
def teardown(config: EnvironmentConfig) -> None:
    loaded = load_config(config, removal=True)
    planned = plan_removal(loaded, preflight(loaded))
    approved = gate(loaded, planned)
    deregistered = deregister(loaded, planned, approved)
    destroyed = destroy(loaded, planned, approved, deregistered)
    verify_removed(loaded, planned, destroyed)
