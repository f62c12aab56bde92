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


def marks_notices(owner: Owner | None, config: EnvironmentConfig) -> Iterator[str]:
    """Warnings that there are things of another owner where nothing is registered.

    Without a login with the platform, ZenML's facts can still be shown.
    """
    from zenstrap.lifecycle.ownership import shown
    from zenstrap.platforms import platform_of

    try:
        marks = platform_of(config).marks(())
    except ZenstrapError:
        return
    others = sorted({mark for _, mark in marks} - {owner.id if owner else ""})
    if others and len(others) == len({mark for _, mark in marks}):
        names = shown([name for name, _ in marks])
        yield (
            f"Owner {' and '.join(others)} has an environment {config.environment} already: "
            f"{names}. If it is yours, and its state is lost, `recover` shows the way out."
        )


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
    from zenstrap.lifecycle.other_zenml import relation
    from zenstrap.lifecycle.ownership import projects_of, registry_of, who
    from zenstrap.registry.model import OWNER, RUN
    from zenstrap.runs import run_named

    if owner is not None:
        here = registry_of(client)
        if owner.registry.is_same(here):
            return
        if relation(owner, here, projects_of(client)) == "anew":
            yield (
                f"ZenML's database at {here.url} was made anew since {environment} was registered "
                "in it. If there is no backup of the old one, `up --this-zenml` goes on with it."
            )
            return
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
