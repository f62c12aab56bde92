"""Writes components and stacks to ZenML and moves aliases, each in one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from zenstrap.errors import RegistryError
from zenstrap.events import Emit, ignore
from zenstrap.naming import alias_name
from zenstrap.registry.changes import Action, Kind, Registration
from zenstrap.registry.diff import is_promoted
from zenstrap.registry.model import (
    CONTENT_HASH,
    ENVIRONMENT,
    MANAGED_BY,
    ML_PROJECT,
    OWNER,
    PROMOTIONS,
    RUN,
    VERSION,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredStack,
    component_labels,
    lasting,
    stack_labels,
)
from zenstrap.registry.versions import promotion_record
from zenstrap.registry.write_log import WriteLog
from zenstrap.registry.zenml_reading import as_component, as_stack
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client

Key = tuple[str, str]  # a component's type and name


def write_component(
    client: Client, desired: DesiredComponent, actual: ActualRegistry, run: str
) -> str:
    """Create or update a component, and return its id.

    Raises:
        RegistryError: ZenML would store other settings, its connector isn't registered, or its
            name has been taken by another user.
    """
    from zenml.enums import StackComponentType

    _require_kept_as_written(desired)
    kind = StackComponentType(desired.type)
    labels = {**component_labels(desired), RUN: run}
    connector = connector_id(desired.connector.name if desired.connector else None, actual)
    existing = actual.components.get((desired.type, desired.name))
    if existing is None:
        try:
            return _create_component(client, desired, labels, connector)
        except taken_errors():  # our own POST whose reply was lost, or a concurrent one
            existing = as_component(
                client.get_stack_component(kind, desired.name, allow_name_prefix_match=False)
            )
            refuse_foreign(existing.name, existing.labels, desired.labels)
    client.update_stack_component(
        UUID(existing.id),
        kind,
        configuration={**dict.fromkeys(existing.configuration), **desired.configuration},
        labels={**dict.fromkeys(existing.labels), **labels},
        connector_id=connector,
        connector_resource_id=desired.resource,
        disconnect=connector is None,
    )
    return existing.id


def _create_component(
    client: Client, desired: DesiredComponent, labels: dict[str, str], connector: UUID | None
) -> str:
    """Register a component with its connector in one request, which the client can't do."""
    from zenml.enums import StackComponentType
    from zenml.models import ComponentRequest

    request = ComponentRequest(
        name=desired.name,
        type=StackComponentType(desired.type),
        flavor=desired.flavor,
        configuration=dict(desired.configuration),
        labels=labels,
        connector=connector,
        connector_resource_id=desired.resource,
    )
    return calls.create_component(client, request)


def _require_kept_as_written(desired: DesiredComponent) -> None:
    """Check with ZenML's own class that a component's settings will be stored unchanged.

    Some flavors convert values. The next run would find a difference and change it again.
    """
    stored = calls.stored_settings(desired.type, desired.flavor, desired.configuration)
    for name, value in desired.configuration.items():
        if stored.get(name) != value:
            raise RegistryError(
                f"ZenML would store another {name} than {value!r}",
                where=desired.name,
                fix=f"Write {stored.get(name)!r} in the component's settings.",
            )


def connector_id(name: str | None, actual: ActualRegistry) -> UUID | None:
    """The id of a registered connector; None if there is no name.

    Raises:
        RegistryError: it isn't registered.
    """
    if name is None:
        return None
    if name not in actual.connectors:
        raise RegistryError(
            f"the connector {name} isn't registered",
            why="Components link to it, so it must be created first.",
            fix="Run the same command again.",
        )
    return UUID(actual.connectors[name].id)


def write_stack(
    client: Client,
    desired: DesiredStack,
    existing: ActualStack | None,
    component_ids: Mapping[Key, str],
    run: str,
) -> str:
    """Create or update a version's stack, and return its id."""
    components = {
        kind: [component_ids[(kind, name)] for name in names]
        for kind, names in desired.by_type.items()
    }
    labels = {**stack_labels(desired), RUN: run}
    return _put_stack(client, desired.name, components, labels, existing)


def promote(
    client: Client,
    stack: DesiredStack,
    actual: ActualRegistry,
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit = ignore,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Registration:
    """Give the stack's alias the stack's components, in one write.

    If it has them already, only its labels are updated, which isn't a promotion.

    Raises:
        RegistryError: ZenML refused; the alias hasn't changed.
    """
    alias = actual.stacks.get(stack.alias)
    if alias is not None and not is_promoted(stack, alias):
        return _relabel(client, stack, alias, run=run, guard=guard, emit=emit)
    target = ActualStack(
        id="",
        name=stack.name,
        components=stack.by_type,
        labels=stack_labels(stack),
    )
    return move_alias(client, target, actual, run=run, guard=guard, emit=emit, now=now)


def _relabel(
    client: Client,
    stack: DesiredStack,
    alias: ActualStack,
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit,
) -> Registration:
    recorded = {PROMOTIONS: alias.labels[PROMOTIONS]} if PROMOTIONS in alias.labels else {}
    labels = {**stack_labels(stack), **recorded, RUN: run}

    def write() -> str:
        calls.update_stack(client, UUID(alias.id), labels=labels)
        return alias.id

    WriteLog(total=1, guard=guard, emit=emit).write(Kind.ALIAS, alias.name, Action.UPDATE, write)
    return Registration(
        kind=Kind.ALIAS,
        name=alias.name,
        id=alias.id,
        version=stack.version,
        content_hash=stack.content_hash,
        project=stack.project,
        action=Action.UPDATE,
    )


def move_alias(
    client: Client,
    target: ActualStack,
    actual: ActualRegistry,
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit = ignore,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Registration:
    """Give an alias the components of a version's stack, newer or older, in one write.

    Components, version and promotion history are in the same request.

    Args:
        target: the version's stack; its labels determine the alias.

    Raises:
        RegistryError: ZenML refused; the alias hasn't changed.
    """
    labels = lasting(target.labels)
    project = labels.get(ML_PROJECT)
    alias = alias_name(actual.environment, project)
    existing = actual.stacks.get(alias)
    action = Action.PROMOTE if existing else Action.CREATE
    ids = {key: component.id for key, component in actual.components.items()}
    record = promotion_record(existing, labels[VERSION], at=now(), run=run)
    components = {
        kind: [ids[(kind, name)] for name in names] for kind, names in target.components.items()
    }
    alias_id = WriteLog(total=1, guard=guard, emit=emit).write(
        Kind.ALIAS,
        alias,
        action,
        partial(_put_stack, client, alias, components, {**labels, RUN: run, **record}, existing),
    )
    return Registration(
        kind=Kind.ALIAS,
        name=alias,
        id=alias_id,
        version=labels[VERSION],
        content_hash=labels[CONTENT_HASH],
        project=project,
        action=action,
    )


def refuse_foreign(name: str, labels: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """Stop if another user has registered a name that was free when the registry was read.

    Raises:
        RegistryError: the labels aren't this environment's.
    """
    if any(labels.get(key) != wanted.get(key) for key in (MANAGED_BY, ENVIRONMENT, OWNER)):
        raise RegistryError(
            f"{name} was registered by another user during this run",
            fix="Rename or delete it in ZenML, then run the same command again.",
        )


def taken_errors() -> tuple[type[Exception], ...]:
    """ZenML's errors for a taken name; in a race the local database raises its own."""
    from sqlalchemy.exc import IntegrityError
    from zenml.exceptions import EntityExistsError

    return EntityExistsError, IntegrityError


def _put_stack(
    client: Client,
    name: str,
    components: Mapping[str, list[str]],
    labels: dict[str, str],
    existing: ActualStack | None,
) -> str:
    from zenml.enums import StackComponentType
    from zenml.models import StackRequest

    parts = {StackComponentType(kind): [UUID(id) for id in ids] for kind, ids in components.items()}
    if existing is None:
        try:
            request = StackRequest(name=name, components=parts, labels=labels)  # type: ignore[arg-type]
            return calls.create_stack(client, request)
        except taken_errors():
            existing = as_stack(client.get_stack(name, allow_name_prefix_match=False))
            refuse_foreign(existing.name, existing.labels, labels)
    calls.update_stack(client, UUID(existing.id), components=parts, labels=labels)
    return existing.id
