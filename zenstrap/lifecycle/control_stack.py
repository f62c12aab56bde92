"""The stack that zenstrap's own pipelines run on: local, and never one that zenstrap manages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zenstrap.config import EnvironmentConfig
from zenstrap.errors import UsageError
from zenstrap.registry.model import MANAGED_BY, ZENSTRAP

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import StackResponse

ZENML_DEFAULT = "default"


def control_stack(client: Client, config: EnvironmentConfig) -> StackResponse:
    """The configuration's ``control_stack``; by default the active stack.

    A run can't delete the stack that it runs on. So if the active stack is one that zenstrap
    manages, ZenML's ``default`` is used instead.

    Raises:
        UsageError: the stack would run the pipelines on other machines, where plan files and state
            must not be copied to, or ``control_stack`` isn't registered.
    """
    name = config.control_stack
    stack = client.active_stack_model if name is None else _named(client, name)
    if name is None and (stack.labels or {}).get(MANAGED_BY) == ZENSTRAP:
        stack = _named(client, ZENML_DEFAULT)
    if not _runs_here(stack):
        raise UsageError(
            f"the stack {stack.name} runs pipelines on other machines",
            where="control_stack" if name is not None else "the active stack",
            why="zenstrap's own pipelines run locally: plan files and state stay on this machine.",
            fix="Name a stack with a local orchestrator"
            if name is not None
            else f"Set control_stack: {ZENML_DEFAULT} in the environment's file",
        )
    return stack


def _named(client: Client, name: str) -> StackResponse:
    try:
        return client.get_stack(name, allow_name_prefix_match=False)
    except KeyError as error:
        raise UsageError(
            f"no stack called {name} is registered in ZenML",
            where="control_stack",
            fix="Name one that `zenml stack list` shows, with a local orchestrator.",
        ) from error


def _runs_here(stack: StackResponse) -> bool:
    from zenml.enums import StackComponentType

    orchestrators = stack.components.get(StackComponentType.ORCHESTRATOR, [])
    return bool(orchestrators) and all(o.flavor_name == "local" for o in orchestrators)
