"""What an environment wants registered: a pure function of its config and Terraform's outputs."""

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

# Each ML project has these of its own even where its file overrides nothing of them. So it has
# every component that goes through a connector, because the connector is its own.
OWN_PER_PROJECT: Final[frozenset[ComponentKind]] = frozenset({"artifact_store"})


class Registrations(Protocol):
    """How a platform's components are registered in ZenML, from Terraform's outputs."""

    def component(self, name: str, component: Component, project: str | None) -> Registered:
        """A component as ZenML gets it.

        Args:
            name: in the configuration.
            project: the ML project that it belongs to; None for the base.

        Raises:
            RegistryError: Terraform's outputs lack what it needs.
        """

    def connector(self, project: str | None, labels: Mapping[str, str]) -> DesiredConnector | None:
        """The service connector of the base or an ML project; None on a platform without.

        Raises:
            RegistryError: Terraform's outputs lack what it needs.
        """


def desired_registry(
    config: EnvironmentConfig, platform: Registrations, *, owner: str = ""
) -> DesiredRegistry:
    """The base stack, then each ML project's.

    Args:
        config: the environment.
        platform: how its components are registered, from Terraform's outputs.
        owner: the environment's owner id; empty where it has none yet.

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
    """Whether a component reaches something through a service connector."""
    return flavor_of(component).resource_type is not None


def merged(own: Mapping[str, JsonValue], settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What zenstrap sets, and the settings in ZenML's own words around it; null sets nothing.

    The configuration has checked that no setting is in both.
    """
    result = dict(own)
    for name, value in settings.items():
        mine = result.get(name)
        if isinstance(mine, dict) and isinstance(value, dict):
            result[name] = merged(mine, value)
        elif value is not None:
            result[name] = value
    return result


class _Source:
    """All that the registry is made from."""

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
