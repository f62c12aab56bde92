"""Typed, validated environments: YAML in, one frozen ``EnvironmentConfig`` out."""

from zenstrap.config.components import Components
from zenstrap.config.fields import SecretSource, secret_source
from zenstrap.config.google import Auth, Gcp, GoogleEnvironment, State
from zenstrap.config.google_rules import GOOGLE_CLOUD
from zenstrap.config.loading import available_environments, load_environment
from zenstrap.config.local import THIS_MACHINE, Local, LocalEnvironment
from zenstrap.config.models import (
    Cleanup,
    EnvironmentConfig,
    MlProject,
    Protection,
    Resilience,
    Retention,
    SmokeTest,
    Stack,
)
from zenstrap.config.names import COMPONENT_KINDS, ComponentKind
from zenstrap.config.platforms import PlatformConfig, flavor_of, register
from zenstrap.config.rendering import to_data, to_yaml
from zenstrap.config.rules import warnings
from zenstrap.config.section import Component, Section

register("gcp", GOOGLE_CLOUD)
register("local", THIS_MACHINE)

__all__ = [
    "COMPONENT_KINDS",
    "Auth",
    "Cleanup",
    "Component",
    "ComponentKind",
    "Components",
    "EnvironmentConfig",
    "Gcp",
    "GoogleEnvironment",
    "Local",
    "LocalEnvironment",
    "MlProject",
    "PlatformConfig",
    "Protection",
    "Resilience",
    "Retention",
    "SecretSource",
    "Section",
    "SmokeTest",
    "Stack",
    "State",
    "available_environments",
    "flavor_of",
    "load_environment",
    "register",
    "secret_source",
    "to_data",
    "to_yaml",
    "warnings",
]
