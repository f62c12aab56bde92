"""What a bootstrap would change, recorded as a run; nothing is changed."""

from zenml import pipeline

from steps.load_config import load_config
from steps.plan import plan as plan_step
from steps.preflight import preflight
from zenstrap.config import EnvironmentConfig


@pipeline(dynamic=True, enable_cache=False)
def plan(config: EnvironmentConfig) -> None:
    loaded = load_config(config)
    plan_step(loaded, preflight(loaded))
