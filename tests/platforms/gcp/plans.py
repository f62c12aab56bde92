"""Plans with one resource, and the rules that it breaks."""

from __future__ import annotations

from typing import Any

from zenstrap.config import EnvironmentConfig
from zenstrap.config.loading import load_environment
from zenstrap.paths import project_root
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.terraform.plan import Plan
from zenstrap.terraform.settings import ResourceSettings

CONFIGS = {
    name: load_environment(name, project_root() / "configs") for name in ("dev", "staging", "prod")
}


def plan_of(type: str, values: dict[str, Any]) -> Plan:
    return Plan(
        changes=(),
        outputs={},
        settings=(ResourceSettings(address="a.b", type=type, values=values),),
        terraform_version="1.11.4",
        digest="infrastructure",
    )


def broken(type: str, values: dict[str, Any], config: EnvironmentConfig) -> list[str]:
    return [one.rule for one in resource_rules(config).breaches(plan_of(type, values))]
