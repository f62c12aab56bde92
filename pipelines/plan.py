"""`plan`: shows what `up` would change, and changes nothing."""

from pipelines.lifecycle import lifecycle_pipeline
from steps.load_config import load_config
from steps.plan import plan as plan_step
from steps.preflight import preflight
from zenstrap.config import EnvironmentConfig
from zenstrap.lifecycle.opening import opened
from zenstrap.request import PLAIN, Request


@lifecycle_pipeline("plan")
def plan(config: EnvironmentConfig, request: Request = PLAIN) -> None:
    with opened(config, request, plan.command):
        plan_step(preflight(load_config(config)))
