"""Typed, validated environments: YAML in, one frozen ``EnvironmentConfig`` out."""

from zenstrap.config.components import (
    AnyComponent,
    ArtifactStore,
    Components,
    ContainerRegistry,
    Deployer,
    ExperimentTracker,
    ImageBuilder,
    Orchestrator,
    StepOperator,
)
from zenstrap.config.fields import SecretSource, secret_source
from zenstrap.config.loading import available_environments, load_environment
from zenstrap.config.models import (
    Auth,
    Cleanup,
    EnvironmentConfig,
    Gcp,
    Local,
    MlProject,
    Protection,
    Resilience,
    Retention,
    SmokeTest,
    Stack,
    State,
)
from zenstrap.config.names import COMPONENT_KINDS, ComponentKind, Platform
from zenstrap.config.rendering import to_data, to_yaml
from zenstrap.config.rules import warnings

__all__ = [
    "COMPONENT_KINDS",
    "AnyComponent",
    "ArtifactStore",
    "Auth",
    "Cleanup",
    "ComponentKind",
    "Components",
    "ContainerRegistry",
    "Deployer",
    "EnvironmentConfig",
    "ExperimentTracker",
    "Gcp",
    "ImageBuilder",
    "Local",
    "MlProject",
    "Orchestrator",
    "Platform",
    "Protection",
    "Resilience",
    "Retention",
    "SecretSource",
    "SmokeTest",
    "Stack",
    "State",
    "StepOperator",
    "available_environments",
    "load_environment",
    "secret_source",
    "to_data",
    "to_yaml",
    "warnings",
]
