"""Whose an environment is, for the commands that only look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zenstrap.config import EnvironmentConfig
from zenstrap.errors import ZenstrapError

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.owner import Owner
    from zenstrap.registry.model import ActualRegistry


def owner_of(config: EnvironmentConfig) -> Owner | None:
    """The owner beside the state; None where there is none, or nobody can look.

    Without a login with the platform, what ZenML has can still be shown.
    """
    from zenstrap.platforms import platform_of

    try:
        return platform_of(config).stores().owners.read()
    except ZenstrapError:
        return None


def whose_notices(
    owner: Owner | None, environment: str, client: Client, actual: ActualRegistry | None = None
) -> Iterator[str]:
    """What people should know before they take what is shown for theirs, or for all there is.

    Args:
        actual: what is shown of the registry.
    """
    from zenstrap.lifecycle.ownership import registry_of, who
    from zenstrap.registry.model import OWNER
    from zenstrap.runs import run_named

    if owner is not None:
        here = registry_of(client)
        if not owner.registry.is_same(here):
            yield (
                f"{environment} is registered in {owner.registry.url} (project "
                f"{owner.registry.project_name}), and {here.url} (project {here.project_name}) "
                "is connected."
            )
        return
    marked = [stack for stack in (actual.our_stacks if actual else ()) if OWNER in stack.labels]
    if marked:
        run = run_named(client, max(stack.labels.get("run", "") for stack in marked))
        yield f"This {environment} is {who(run)}: its state isn't here."
