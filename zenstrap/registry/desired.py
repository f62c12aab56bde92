"""What an environment wants registered: a pure function of its config and Terraform's outputs."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from zenstrap.config import AnyComponent, ComponentKind, EnvironmentConfig
from zenstrap.errors import RegistryError
from zenstrap.naming import alias_name, component_name, stack_name
from zenstrap.registry.model import (
    ENVIRONMENT,
    MANAGED_BY,
    ML_PROJECT,
    OWNER,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)

# Each ML project has these of its own even where its file overrides nothing of them.
OWN_PER_PROJECT: frozenset[ComponentKind] = frozenset({"artifact_store"})


def desired_registry(
    config: EnvironmentConfig, outputs: Mapping[str, JsonValue]
) -> DesiredRegistry:
    """The base stack, then each ML project's.

    Args:
        config: the environment.
        outputs: Terraform's outputs by name, without sensitive ones.

    Raises:
        RegistryError: an output that a component needs is missing.
    """
    stacks = tuple(_stack(config, project, outputs) for project in config.targets)
    return DesiredRegistry(environment=config.environment, stacks=stacks)


def _stack(
    config: EnvironmentConfig, project: str | None, outputs: Mapping[str, JsonValue]
) -> DesiredStack:
    components = config.components_of(project).present()
    return DesiredStack(
        name=stack_name(config.environment, config.version_of(project), project),
        alias=alias_name(config.environment, project),
        version=config.version_of(project),
        project=project,
        components={
            kind: _component(config, project, kind, component, outputs)
            for kind, component in components.items()
        },
        labels=_labels(config, project),
    )


def _component(
    config: EnvironmentConfig,
    project: str | None,
    kind: ComponentKind,
    component: AnyComponent,
    outputs: Mapping[str, JsonValue],
) -> DesiredComponent:
    owner = project if _is_own(config, project, kind) else None
    return DesiredComponent(
        name=component_name(config.environment, kind, component.version, owner),
        type=kind,
        flavor=component.flavor,
        configuration=_configuration(kind, component, owner, outputs),
        version=component.version,
        project=owner,
        labels=_labels(config, owner),
    )


def _is_own(config: EnvironmentConfig, project: str | None, kind: ComponentKind) -> bool:
    if project is None:
        return False
    return kind in OWN_PER_PROJECT or kind in config.ml_projects[project].overrides


def _labels(config: EnvironmentConfig, project: str | None) -> dict[str, str]:
    labels = {**config.labels_of(project), MANAGED_BY: OWNER, ENVIRONMENT: config.environment}
    return labels | {ML_PROJECT: project} if project else labels


def _configuration(
    kind: ComponentKind,
    component: AnyComponent,
    project: str | None,
    outputs: Mapping[str, JsonValue],
) -> dict[str, JsonValue]:
    match kind, component.flavor:
        case "artifact_store", "local":
            return {"path": _artifact_store_uri(project, outputs)}
        case (("orchestrator" | "image_builder"), "local"):
            return {}
    raise RegistryError(
        f"zenstrap doesn't register {kind} of flavor {component.flavor} yet",
        where=f"stack.components.{kind}.flavor",
    )


def _artifact_store_uri(project: str | None, outputs: Mapping[str, JsonValue]) -> JsonValue:
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
