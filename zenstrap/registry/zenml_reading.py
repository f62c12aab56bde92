"""Reads ZenML's registry: one list request per kind, by name prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.naming import belongs_to, stack_prefix
from zenstrap.registry.model import (
    ActualComponent,
    ActualConnector,
    ActualRegistry,
    ActualStack,
)
from zenstrap.zenml_private.calls import every

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import ComponentResponse, ServiceConnectorResponse, StackResponse

PAGE = 200  # ZenML's own upper limit is 10,000; a page holds any real environment


def read_registry(
    client: Client, environment: str, *, owner: str | None = None, unmarked: bool = True
) -> ActualRegistry:
    """All registrations with the environment's prefix, ours or not.

    Args:
        owner, unmarked: see :class:`zenstrap.registry.model.ActualRegistry`.
    """
    prefix = stack_prefix(environment)
    connectors = every(
        client.list_service_connectors, name=f"startswith:{prefix}-", size=PAGE, hydrate=True
    )
    components = every(
        client.list_stack_components, name=f"startswith:{prefix}-", size=PAGE, hydrate=True
    )
    stacks = every(client.list_stacks, name=f"startswith:{prefix}", size=PAGE, hydrate=True)
    return ActualRegistry(
        environment=environment,
        components={(c.type.value, c.name): as_component(c) for c in components},
        stacks={s.name: as_stack(s) for s in stacks if belongs_to(s.name, environment)},
        connectors={c.name: as_connector(c) for c in connectors},
        owner=owner,
        unmarked=unmarked,
    )


def as_connector(response: ServiceConnectorResponse) -> ActualConnector:
    """A connector of ZenML's, without its secrets."""
    kind = response.connector_type
    return ActualConnector(
        id=str(response.id),
        name=response.name,
        type=kind if isinstance(kind, str) else kind.connector_type,
        method=response.auth_method,
        configuration=dict(response.configuration.non_secrets),
        labels=dict(response.labels or {}),
    )


def as_component(response: ComponentResponse) -> ActualComponent:
    """A component of ZenML's; a null setting counts as absent."""
    return ActualComponent(
        id=str(response.id),
        name=response.name,
        type=response.type.value,
        flavor=response.flavor_name,
        configuration={k: v for k, v in response.configuration.items() if v is not None},
        labels=dict(response.labels or {}),
        connector=response.connector.name if response.connector else None,
        resource=response.connector_resource_id,
    )


def as_stack(response: StackResponse) -> ActualStack:
    """A stack of ZenML's."""
    return ActualStack(
        id=str(response.id),
        name=response.name,
        components={
            kind.value: tuple(c.name for c in parts) for kind, parts in response.components.items()
        },
        labels=dict(response.labels or {}),
        updated=response.updated,
    )
