"""Writes components and stacks to ZenML: create or adopt, so that a rerun converges."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from zenstrap.events import Emit, ignore
from zenstrap.registry.changes import Action, FieldKind, Kind, Registration, RegistrationChange
from zenstrap.registry.model import (
    CONTENT_HASH,
    ML_PROJECT,
    RUN,
    VERSION,
    ActualComponent,
    ActualConnector,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)
from zenstrap.registry.reconciliation import waits_for_proof
from zenstrap.registry.write_log import WriteLog
from zenstrap.registry.zenml_stacks import connector_id, write_component, write_stack
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client


def write_registry(
    client: Client,
    desired: DesiredRegistry,
    actual: ActualRegistry,
    changes: tuple[RegistrationChange, ...],
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit = ignore,
) -> tuple[Registration, ...]:
    """Write components and stacks, delete retired ones, and return all as they are now.

    Connectors are written before, by :func:`zenstrap.registry.zenml_connectors.write_connectors`,
    and aliases are moved later, by :func:`zenstrap.registry.zenml_stacks.promote`. Changes that
    wait for a smoke test are left to :func:`write_after_proof`.

    Args:
        actual: read after the connectors were written.
        run: name of the run that is recorded as the last writer.
        guard: called before every write; raises if the lease is lost or the run interrupted.

    Raises:
        PartlyDoneError: some writes succeeded and one failed; names it.
        RegistryError: the first write failed.
    """
    now = [change for change in changes if not waits_for_proof(change, desired)]
    deletions = [change for change in now if change.action is Action.DELETE]
    marks = [change for change in now if change.action is Action.MARK]
    writes = {
        change.name: change
        for change in now
        if change.kind in (Kind.COMPONENT, Kind.STACK)
        and change.action not in (Action.DELETE, Action.MARK)
    }
    log = WriteLog(total=len(writes) + len(deletions) + len(marks), guard=guard, emit=emit)
    ids = {key: component.id for key, component in actual.components.items()}
    done: list[Registration] = []
    for component in desired.components:
        key = (component.type, component.name)
        action = _action(writes.get(component.name))
        if action is not None:
            ids[key] = log.write(
                Kind.COMPONENT,
                component.name,
                action,
                partial(write_component, client, component, actual, run),
            )
        done.append(_component_registration(component, ids[key], action))
    for stack in desired.stacks:
        action = _action(writes.get(stack.name))
        existing = actual.stacks.get(stack.name)
        stack_id = existing.id if existing else ""
        if action is not None:
            stack_id = log.write(
                Kind.STACK,
                stack.name,
                action,
                partial(write_stack, client, stack, existing, ids, run),
            )
        done.append(_stack_registration(stack, stack_id, action))
    done.extend(_delete(client, change, actual, log) for change in deletions)
    done.extend(_mark(client, change, actual, log) for change in marks)
    return tuple(done)


def write_after_proof(
    client: Client,
    actual: ActualRegistry,
    changes: tuple[RegistrationChange, ...],
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit = ignore,
) -> None:
    """Link components to other connectors, and delete connectors, in the order given.

    Raises:
        PartlyDoneError: some writes succeeded and one failed.
        RegistryError: the first write failed.
    """
    log = WriteLog(total=len(changes), guard=guard, emit=emit)
    for change in changes:
        if change.action is Action.DELETE:
            _delete(client, change, actual, log)
        else:
            relink = partial(_relink, client, change, actual, run)
            log.write(change.kind, change.name, change.action, relink)


def delete_registrations(
    client: Client,
    actual: ActualRegistry,
    changes: tuple[RegistrationChange, ...],
    *,
    guard: Callable[[], None],
    emit: Emit = ignore,
) -> tuple[Registration, ...]:
    """Perform the deletions among the changes, in order; already deleted ones are fine.

    Raises:
        PartlyDoneError: some deletions succeeded and one failed.
        RegistryError: the first deletion failed.
    """
    deletions = [change for change in changes if change.action is Action.DELETE]
    log = WriteLog(total=len(deletions), guard=guard, emit=emit)
    return tuple(_delete(client, change, actual, log) for change in deletions)


def _action(change: RegistrationChange | None) -> Action | None:
    return change.action if change else None


def _delete(
    client: Client, change: RegistrationChange, actual: ActualRegistry, log: WriteLog
) -> Registration:
    thing = _registered(change, actual)
    if change.kind is Kind.CONNECTOR:
        delete = calls.delete_connector
    elif change.kind is Kind.COMPONENT:
        delete = calls.delete_component
    else:
        delete = calls.delete_stack
    gone = partial(delete, client, UUID(thing.id))
    log.write(change.kind, change.name, Action.DELETE, gone)
    return _as_it_was(change, thing)


def _mark(
    client: Client, change: RegistrationChange, actual: ActualRegistry, log: WriteLog
) -> Registration:
    """Add the owner's label to a registration; nothing else changes."""
    thing = _registered(change, actual)
    mark = _labels(change)

    def write() -> None:
        if change.kind is Kind.CONNECTOR:
            client.update_service_connector(
                UUID(thing.id), labels=dict(mark), verify=False, list_resources=False
            )
        elif change.kind is Kind.COMPONENT:
            calls.label_component(client, UUID(thing.id), {**thing.labels, **mark})
        else:
            calls.update_stack(client, UUID(thing.id), labels={**thing.labels, **mark})

    log.write(change.kind, change.name, Action.MARK, write)
    return _as_it_was(change, thing)


def _registered(
    change: RegistrationChange, actual: ActualRegistry
) -> ActualConnector | ActualComponent | ActualStack:
    if change.kind is Kind.CONNECTOR:
        return actual.connectors[change.name]
    if change.kind is Kind.COMPONENT:
        return _component_of(change, actual)
    return actual.stacks[change.name]


def _component_of(change: RegistrationChange, actual: ActualRegistry) -> ActualComponent:
    assert change.component_type is not None, "components have a type"
    return actual.components[(change.component_type, change.name)]


def _labels(change: RegistrationChange) -> dict[str, str]:
    """The labels that a change sets."""
    return {f.name: str(f.after) for f in change.fields if f.is_label}


def _as_it_was(
    change: RegistrationChange, thing: ActualConnector | ActualComponent | ActualStack
) -> Registration:
    return Registration(
        kind=change.kind,
        name=thing.name,
        id=thing.id,
        version=thing.labels.get(VERSION, ""),
        content_hash=thing.labels.get(CONTENT_HASH, ""),
        component_type=change.component_type,
        project=thing.labels.get(ML_PROJECT),
        action=change.action,
    )


def _relink(client: Client, change: RegistrationChange, actual: ActualRegistry, run: str) -> None:
    """Change a component's connector; nothing else changes."""
    from zenml.enums import StackComponentType

    component = _component_of(change, actual)
    link = change.field(FieldKind.CONNECTOR)
    assert link is not None, "the change sets another connector"
    client.update_stack_component(
        UUID(component.id),
        StackComponentType(component.type),
        labels={RUN: run, **_labels(change)},
        connector_id=connector_id(link.after, actual),
        connector_resource_id=component.resource,
    )


def _component_registration(
    component: DesiredComponent, id: str, action: Action | None
) -> Registration:
    return Registration(
        kind=Kind.COMPONENT,
        name=component.name,
        id=id,
        version=component.version,
        content_hash=component.content_hash,
        component_type=component.type,
        project=component.project,
        action=action,
    )


def _stack_registration(stack: DesiredStack, id: str, action: Action | None) -> Registration:
    return Registration(
        kind=Kind.STACK,
        name=stack.name,
        id=id,
        version=stack.version,
        content_hash=stack.content_hash,
        project=stack.project,
        action=action,
    )
