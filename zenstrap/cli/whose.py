"""The environment's owner, for commands that only read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zenstrap.config import EnvironmentConfig
from zenstrap.errors import ZenstrapError

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.owner import Owner
    from zenstrap.registry.model import ActualRegistry
    from zenstrap.runs import RunRecord


def owner_of(config: EnvironmentConfig) -> Owner | None:
    """The owner beside the state; None if there is none, or if it can't be read.

    Without a login with the platform, ZenML's facts can still be shown.
    """
    from zenstrap.platforms import platform_of

    try:
        return platform_of(config).stores().owners.read()
    except ZenstrapError:
        return None


def whose_notices(
    owner: Owner | None,
    environment: str,
    client: Client,
    records: Sequence[RunRecord],
    actual: ActualRegistry | None = None,
) -> Iterator[str]:
    """Warnings that what is shown may belong to another owner, or may be incomplete.

    Args:
        records: the runs that are shown.
        actual: the part of the registry that is shown.
    """
    from zenstrap.lifecycle.ownership import registry_of, who
    from zenstrap.registry.model import OWNER, RUN
    from zenstrap.runs import run_named

    if owner is not None:
        here = registry_of(client)
        if not owner.registry.is_same(here):
            yield (
                f"{environment} is registered in {owner.registry.url} (project "
                f"{owner.registry.project_name}), but the connected ZenML is {here.url} (project "
                f"{here.project_name})."
            )
        return
    marked = [stack for stack in (actual.our_stacks if actual else ()) if OWNER in stack.labels]
    if marked:
        whose = {who(run_named(client, max(stack.labels.get(RUN, "") for stack in marked)))}
    else:
        whose = {who(record) for record in records if record.owner}
    if whose:
        owners = " and ".join(sorted(whose))
        yield f"This {environment} is {owners}: its state isn't on this machine."
