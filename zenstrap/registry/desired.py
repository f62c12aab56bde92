"""What an environment wants registered: a pure function of its config and Terraform's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from zenstrap.config import AnyComponent, ComponentKind, EnvironmentConfig, ExperimentTracker
from zenstrap.errors import RegistryError
from zenstrap.naming import alias_name, component_name, stack_name
from zenstrap.platforms.gcp.components import (
    RESOURCE_TYPES,
    GcpComponent,
    gcp_component,
    mlflow,
)
from zenstrap.platforms.gcp.connectors import KeyFingerprints, gcp_connector
from zenstrap.platforms.gcp.outputs import GcpOutputs, parse_gcp_outputs
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

# Seeing that a bucket can be reached needs one request to Cloud Storage. A registry or a cluster
# is proven by the smoke test.
_LOOKED_AT: Final = frozenset({"gcs-bucket"})


def desired_registry(
    config: EnvironmentConfig,
    outputs: Mapping[str, JsonValue],
    fingerprints: KeyFingerprints | None = None,
    *,
    owner: str = "",
) -> DesiredRegistry:
    """The base stack, then each ML project's.

    Args:
        config: the environment.
        outputs: Terraform's outputs by name, without sensitive ones.
        fingerprints: of the keys that connectors are made with and Terraform didn't make, by ML
            project; None for the base's.
        owner: the environment's owner id; empty where it has none yet.

    Raises:
        RegistryError: an output that a component needs is missing.
    """
    gcp = None
    if config.platform == "gcp":
        gcp = parse_gcp_outputs(outputs, tuple(config.ml_projects))
    source = _Source(config, outputs, gcp, fingerprints or {}, owner)
    return DesiredRegistry(
        environment=config.environment,
        stacks=tuple(source.stack(project) for project in config.targets),
        owner=owner,
    )


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

    def __init__(
        self,
        config: EnvironmentConfig,
        outputs: Mapping[str, JsonValue],
        gcp: GcpOutputs | None,
        fingerprints: KeyFingerprints,
        owner: str,
    ) -> None:
        self._config = config
        self._owner = owner
        self._outputs = outputs
        self._gcp = gcp
        self._fingerprints = fingerprints
        self._connectors = {project: self._connector(project) for project in config.targets}

    def stack(self, project: str | None) -> DesiredStack:
        config = self._config
        return DesiredStack(
            name=stack_name(config.environment, config.version_of(project), project),
            alias=alias_name(config.environment, project),
            version=config.version_of(project),
            project=project,
            components={
                kind: self._component(project, kind, component)
                for kind, component in config.components_of(project).present().items()
            },
            labels=self._labels(project),
        )

    def _component(
        self, project: str | None, kind: ComponentKind, component: AnyComponent
    ) -> DesiredComponent:
        owner = project if self._is_own(project, kind, component) else None
        made = self._made(kind, component, owner)
        linked = (kind, component.flavor) in RESOURCE_TYPES
        return DesiredComponent(
            name=component_name(self._config.environment, kind, component.version, owner),
            type=kind,
            flavor=component.flavor,
            configuration=merged(made.configuration, component.settings or {}),
            version=component.version,
            project=owner,
            labels=self._labels(owner),
            connector=self._connectors[owner] if linked else None,
            resource=made.resource if linked else None,
        )

    def _is_own(self, project: str | None, kind: ComponentKind, component: AnyComponent) -> bool:
        if project is None:
            return False
        return (
            kind in OWN_PER_PROJECT
            or kind in self._config.ml_projects[project].overrides
            or (kind, component.flavor) in RESOURCE_TYPES
        )

    def _made(
        self, kind: ComponentKind, component: AnyComponent, owner: str | None
    ) -> GcpComponent:
        if self._gcp is not None:
            return gcp_component(kind, component, self._gcp.project, self._gcp.of(owner))
        return GcpComponent(_local_configuration(kind, component, owner, self._outputs))

    def _connector(self, project: str | None) -> DesiredConnector | None:
        config = self._config
        if self._gcp is None or config.auth is None:
            return None
        components = config.components_of(project).present()
        reached = [
            (RESOURCE_TYPES[(kind, component.flavor)], self._made(kind, component, project))
            for kind, component in components.items()
            if (kind, component.flavor) in RESOURCE_TYPES
        ]
        return gcp_connector(
            config.environment,
            config.auth,
            self._gcp,
            project,
            self._labels(project),
            fingerprints=self._fingerprints,
            resources=tuple(
                (resource_type, made.resource)
                for resource_type, made in reached
                if resource_type in _LOOKED_AT and made.resource
            ),
            hands_out_key=components["orchestrator"].flavor == "vm_gcp",
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


def _local_configuration(
    kind: ComponentKind,
    component: AnyComponent,
    project: str | None,
    outputs: Mapping[str, JsonValue],
) -> dict[str, JsonValue]:
    match kind, component.flavor:
        case "artifact_store", "local":
            return {"path": _local_artifact_store_uri(project, outputs)}
        case (("orchestrator" | "image_builder"), "local"):
            return {}
        case "experiment_tracker", "mlflow":
            assert isinstance(component, ExperimentTracker)
            return mlflow(component)
    raise RegistryError(
        f"zenstrap doesn't register {kind} of flavor {component.flavor} on platform local",
        where=f"stack.components.{kind}.flavor",
    )


def _local_artifact_store_uri(project: str | None, outputs: Mapping[str, JsonValue]) -> JsonValue:
    try:
        if project is None:
            return outputs["artifact_store"]["uri"]  # type: ignore[call-overload,index]
        return outputs["ml_projects"][project]["artifact_store_uri"]  # type: ignore[call-overload,index]
    except (KeyError, TypeError) as error:
        wanted = (
            "artifact_store.uri" if project is None else f"ml_projects.{project}.artifact_store_uri"
        )
        raise RegistryError(
            f"Terraform's outputs lack {wanted}",
            why="The root module and zenstrap disagree about what it outputs.",
        ) from error
