"""On which stack zenstrap's own pipelines run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.registry.google import configured
from zenstrap.errors import UsageError
from zenstrap.lifecycle.control_stack import control_stack

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import StackResponse


@pytest.fixture
def mine(client: Client) -> StackResponse:
    """Another stack that runs pipelines here; ZenML's default is active."""
    from zenml.enums import StackComponentType

    default = client.get_stack("default")
    kinds = (StackComponentType.ARTIFACT_STORE, StackComponentType.ORCHESTRATOR)
    return client.create_stack("mine", {kind: default.components[kind][0].id for kind in kinds})


def test_the_one_that_is_named_is_taken(client: Client, mine: StackResponse) -> None:
    assert control_stack(client, configured("dev", control_stack="mine")).id == mine.id


def test_none_named_is_the_active_one(client: Client, mine: StackResponse) -> None:
    assert control_stack(client, configured("dev")).name == "default"
    client.activate_stack("mine")
    assert control_stack(client, configured("dev")).id == mine.id


def test_one_that_is_not_there_is_refused_whatever_is_active(client: Client) -> None:
    with pytest.raises(UsageError, match="nope"):
        control_stack(client, configured("dev", control_stack="nope"))
