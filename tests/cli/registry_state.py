"""What ZenML holds, read through its client: what tests compare before and after."""

from __future__ import annotations

from typing import Any


def snapshot() -> dict[str, Any]:
    """All stacks, components and connectors, with when each was last written."""
    from zenml.client import Client

    client = Client()
    return {
        "stacks": {
            s.name: (str(s.id), str(s.updated), dict(s.labels or {}), _parts(s))
            for s in client.list_stacks(size=100, hydrate=True).items
        },
        "components": {
            (c.type.value, c.name): (str(c.id), str(c.updated), dict(c.configuration))
            for c in client.list_stack_components(size=100, hydrate=True).items
        },
        "connectors": client.list_service_connectors(size=100).total,
    }


def alias_parts(alias: str) -> dict[str, list[str]]:
    """The components that an alias has, by type."""
    from zenml.client import Client

    return _parts(Client().get_stack(alias, allow_name_prefix_match=False))


def _parts(stack: Any) -> dict[str, list[str]]:
    return {kind.value: [c.name for c in found] for kind, found in stack.components.items()}
