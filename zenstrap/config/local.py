"""The configuration that only environments on this machine have, and its rules."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.fields import AbsoluteFolder
from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.platforms import PlatformConfig
from zenstrap.config.section import Section
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_IMAGE_BUILDER, LOCAL_ORCHESTRATOR
from zenstrap.flavors.mlflow import MLFLOW


class Local(Section):
    """Settings of this machine."""

    root: AbsoluteFolder | None = Field(
        default=None,
        description="Folder for the artifacts, absolute or beginning with ~/; null: zenstrap's "
        "state folder.",
    )


class LocalEnvironment(EnvironmentConfig):
    """An environment on this machine."""

    platform: Literal["local"] = Field(description="local: this machine, no account.")
    local: Local = Field(
        default_factory=Local,
        description="Settings of this machine. Platform local only.",
    )


def _resilience_is_possible(config: LocalEnvironment) -> Violations:
    resilience = config.resilience
    for key, on in (
        ("high_availability", resilience.high_availability),
        ("backup_enabled", resilience.backup_enabled),
        ("compliance_mode", resilience.is_strict),
    ):
        if on:
            off = "standard" if key == "compliance_mode" else "false"
            yield Violation(
                (f"resilience.{key}", "platform"),
                "isn't possible on platform local, which is one folder on one machine",
                f"Write {key}: {off}",
            )


def _without_effect(config: LocalEnvironment) -> Violations:
    if config.retention.is_written("artifact_days"):
        yield Violation(
            ("retention.artifact_days",),
            "has no effect on platform local: artifacts are kept until `down`",
            "Remove it, or set it below platforms.gcp",
        )


THIS_MACHINE: Final = PlatformConfig(
    model=LocalEnvironment,
    flavors=(LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR, LOCAL_IMAGE_BUILDER, MLFLOW),
    rules=(_resilience_is_possible,),
    without_effect=_without_effect,
)
