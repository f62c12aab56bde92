"""What somebody else has built on registrations that are to be deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from zenstrap.errors import RefusedError
from zenstrap.registry.changes import Action, Kind, RegistrationChange
from zenstrap.registry.model import ActualRegistry
from zenstrap.registry.zenml_reading import PAGE

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import UserResponse

_SHOWN: Final = 10


def require_unused(
    client: Client,
    actual: ActualRegistry,
    changes: Sequence[RegistrationChange],
    *,
    immutable_versions: bool = False,
) -> None:
    """Look whether ZenML would refuse a deletion, before anything is changed.

    Args:
        immutable_versions: a candidate that is corrected mustn't change under others either.

    Raises:
        RefusedError: somebody else's stack, component or deployment uses what is to be deleted;
            says which, and whose it is.
    """
    corrected = {
        (component.type, component.name)
        for change in changes
        if immutable_versions and change.kind is Kind.COMPONENT and change.action is Action.UPDATE
        for component in actual.our_components
        if component.name == change.name and any(one.is_content for one in change.fields)
    }
    if taken := list(_stacks_with(client, actual, corrected)):
        raise RefusedError(
            f"a version that never passed its smoke test is in use: {'; '.join(taken)}",
            why="It would change under them (protection.immutable_versions)",
            fix="Raise its version, so that theirs stays as it is",
        )
    found = list(_uses(client, actual, changes))
    if not found:
        return
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    raise RefusedError(
        f"what is to be deleted is in use: {'; '.join([*found[:_SHOWN], *more])}",
        why="ZenML deletes nothing that something else stands on, and would stop halfway. Nothing "
        "was changed",
        fix="Have their owners move them to other components, or delete them (`zenml stack "
        "update`, `zenml stack delete`), then run the same command again",
    )


def _uses(
    client: Client, actual: ActualRegistry, changes: Sequence[RegistrationChange]
) -> Iterator[str]:
    """Each use in words: ``stack NAME of USER has component NAME``."""
    from zenml.utils.pagination_utils import depaginate

    deleted = [change for change in changes if change.action is Action.DELETE]
    kinds = {(c.component_type, c.name) for c in deleted if c.component_type is not None}
    components = {actual.components[kind].id: kind[1] for kind in kinds}
    connectors = [change.name for change in deleted if change.kind is Kind.CONNECTOR]
    our_components = {component.id for component in actual.our_components}
    yield from _stacks_with(client, actual, kinds)
    for name in connectors:
        connector = actual.connectors[name].id
        for one in depaginate(
            client.list_stack_components, connector_id=connector, size=PAGE, hydrate=True
        ):
            if str(one.id) not in our_components:
                yield f"component {one.name} of {_name(one.user)} uses connector {name}"
    for id_, name in components.items():
        if ("deployer", name) in actual.components:
            for deployment in depaginate(
                client.list_deployments, deployer_id=id_, size=PAGE, hydrate=True
            ):
                if deployment.status != "absent":
                    yield f"deployment {deployment.name} of {_name(deployment.user)} runs on {name}"


def _stacks_with(
    client: Client, actual: ActualRegistry, kinds: Collection[tuple[str, str]]
) -> Iterator[str]:
    """Somebody else's stacks that have one of our components, which are given as (type, name)."""
    from zenml.utils.pagination_utils import depaginate

    components = {actual.components[kind].id: kind[1] for kind in kinds}
    our_stacks = {stack.id for stack in actual.our_stacks}
    for stack in depaginate(client.list_stacks, size=PAGE, hydrate=True) if components else ():
        used = sorted(
            components[str(one.id)]
            for parts in stack.components.values()
            for one in parts
            if str(one.id) in components
        )
        if used and str(stack.id) not in our_stacks:
            yield f"stack {stack.name} of {_name(stack.user)} has {', '.join(used)}"


def _name(user: UserResponse | None) -> str:
    return user.name if user else "nobody that ZenML knows"
