"""Stacks in ZenML that aren't zenstrap's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from tests.conftest import Home

if TYPE_CHECKING:
    from zenml.client import Client


def make_stack(client: Client, home: Home) -> UUID:
    from zenml.enums import StackComponentType as Type

    store = client.create_stack_component(
        "other", "local", Type.ARTIFACT_STORE, {"path": str(home.folder / "other")}
    )
    orchestrator = client.get_stack("default").components[Type.ORCHESTRATOR][0]
    return client.create_stack(
        "other", {Type.ARTIFACT_STORE: store.id, Type.ORCHESTRATOR: orchestrator.id}
    ).id
