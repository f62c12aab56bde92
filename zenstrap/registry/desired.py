"""The desired registrations of an environment, from its configuration and Terraform's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from pydantic import JsonValue

from zenstrap.config import Component, ComponentKind, EnvironmentConfig, flavor_of
from zenstrap.flavors.base import Registered
from zenstrap.naming import alias_name, component_name, stack_name
from zenstrap.registry.model import (
    ENVIRONMENT,
    MANAGED_BY,
    ML_PROJECT,
    OWNER,
    ZENSTRAP,
    DesiredComponent,
    DesiredConnector,
    DesiredRegistry,
    DesiredStack,
)

# Kinds that each ML project has for itself even if its file doesn't override them. The same holds
# for every component with a connector, because each ML project has its own connector.
OWN_PER_PROJECT: Final[frozenset[ComponentKind]] = frozenset({"artifact_store"})


class Registrations(Protocol):
    """How a platform's components are registered in ZenML, from Terraform's outputs."""

    def component(self, name: str, component: Component, project: str | None) -> Registered:
        """How a component is registered in ZenML.

        Args:
            name: its name in the configuration.
            project: the ML project that it belongs to; None for the base stack.

        Raises:
            RegistryError: Terraform's outputs lack what it needs.
        """

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        """The service connector of the base stack or an ML project; None if the platform has none.

        Raises:
            RegistryError: Terraform's outputs lack what it needs.
        """


def desired_registry(
    config: EnvironmentConfig, platform: Registrations, *, owner: str = ""
) -> DesiredRegistry:
    """The desired base stack, then each ML project's.

    Args:
        config: the environment.
        platform: how its components are registered, from Terraform's outputs.
        owner: the environment's owner id; empty if it has none yet.

    Raises:
        RegistryError: an output that a component needs is missing.
    """
    source = _Source(config, platform, owner)
    return DesiredRegistry(
        environment=config.environment,
        stacks=tuple(source.stack(project) for project in config.targets),
        owner=owner,
    )


def is_linked(component: Component) -> bool:
    """Whether a component uses a service connector."""
    return flavor_of(component).resource_type is not None


def merged(own: Mapping[str, JsonValue], settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """zenstrap's settings merged with the configuration's ``settings``; null is ignored.

    The configuration's rules ensure that no setting is in both.
    """
    result = dict(own)
    for name, value in settings.items():
        existing = result.get(name)
        if isinstance(existing, dict) and isinstance(value, dict):
            result[name] = merged(existing, value)
        elif value is not None:
            result[name] = value
    return result


class _Source:
    """Builds stacks and components from configuration and platform."""

    def __init__(self, config: EnvironmentConfig, platform: Registrations, owner: str) -> None:
        self._config = config
        self._platform = platform
        self._owner = owner
        self._connectors = {
            project: platform.connector(project, self._labels(project))
            for project in config.targets
        }

    def stack(self, project: str | None) -> DesiredStack:
        config = self._config
        return DesiredStack(
            name=stack_name(config.environment, config.version_of(project), project),
            alias=alias_name(config.environment, project),
            version=config.version_of(project),
            project=project,
            components={
                name: self._component(project, name, component)
                for name, component in config.components_of(project).present().items()
            },
            labels=self._labels(project),
        )

    def _component(self, project: str | None, name: str, component: Component) -> DesiredComponent:
        owner = project if self._is_own(project, name, component) else None
        registered = self._platform.component(name, component, owner)
        linked = is_linked(component)
        return DesiredComponent(
            name=component_name(self._config.environment, name, component.version, owner),
            key=name,
            type=component.kind,
            flavor=component.flavor,
            configuration=merged(registered.configuration, component.settings or {}),
            version=component.version,
            project=owner,
            labels=self._labels(owner),
            connector=self._connectors[owner] if linked else None,
            resource=registered.resource if linked else None,
        )

    def _is_own(self, project: str | None, name: str, component: Component) -> bool:
        if project is None:
            return False
        return (
            component.kind in OWN_PER_PROJECT
            or name in self._config.ml_projects[project].overrides
            or is_linked(component)
        )

    def _labels(self, project: str | None) -> dict[str, str]:
        config = self._config
        labels = {
            **config.labels_of(project),
            MANAGED_BY: ZENSTRAP,
            ENVIRONMENT: config.environment,
        }
        if self._owner:
            labels[OWNER] = self._owner
        return labels | {ML_PROJECT: project} if project else labels
