"""Reading ZenML's registry and writing to it: create-or-adopt, so that a rerun converges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from zenstrap.errors import PartlyDoneError, RegistryError
from zenstrap.events import Emit, RegistrationWritten, ignore
from zenstrap.naming import belongs_to, stack_prefix
from zenstrap.registry.changes import Action, Kind, Registration, RegistrationChange
from zenstrap.registry.diff import component_labels, stack_labels
from zenstrap.registry.model import (
    CONTENT_HASH,
    ENVIRONMENT,
    MANAGED_BY,
    ML_PROJECT,
    RUN,
    VERSION,
    ActualComponent,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
)

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import ComponentResponse, StackResponse

PAGE = 200  # ZenML's own upper limit is 10,000; a page holds any real environment


def read_registry(client: Client, environment: str) -> ActualRegistry:
    """Everything that bears the environment's prefix: one listing of components, one of stacks."""
    from zenml.utils.pagination_utils import depaginate

    prefix = stack_prefix(environment)
    components = depaginate(
        client.list_stack_components, name=f"startswith:{prefix}-", size=PAGE, hydrate=True
    )
    stacks = depaginate(client.list_stacks, name=f"startswith:{prefix}", size=PAGE, hydrate=True)
    return ActualRegistry(
        environment=environment,
        components={(c.type.value, c.name): _component(c) for c in components},
        stacks={s.name: _stack(s) for s in stacks if belongs_to(s.name, environment)},
    )


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
    """Write components and stacks, delete what is retired, and tell how all are now.

    Aliases are moved by :func:`promote`.

    Args:
        run: name of the run that is recorded as the last writer.
        guard: called before every write; raises where the lease is lost or the run interrupted.

    Raises:
        PartlyDoneError: some writes succeeded and one failed; says which.
        RegistryError: the first write failed.
    """
    wanted = {
        change.name: change.action
        for change in changes
        if change.kind in (Kind.COMPONENT, Kind.STACK)
    }
    log = _WriteLog(total=len(wanted), guard=guard, emit=emit)
    component_ids = {key: component.id for key, component in actual.components.items()}
    done: list[Registration] = []
    for component in desired.components:
        key = (component.type, component.name)
        action = wanted.get(component.name)
        if action is not None:
            with log.writing(Kind.COMPONENT, component.name, action):
                component_ids[key] = _write_component(
                    client, component, actual.components.get(key), run
                )
        done.append(_registration(component, component_ids[key], action))
    for stack in desired.stacks:
        action = wanted.get(stack.name)
        found = actual.stacks.get(stack.name)
        stack_id = found.id if found else ""
        if action is not None:
            with log.writing(Kind.STACK, stack.name, action):
                stack_id = _write_stack(client, stack.name, stack, found, component_ids, run)
        done.append(_stack_registration(stack, stack_id, action))
    done.extend(delete_registrations(client, actual, changes, guard=guard, emit=emit))
    return tuple(done)


def promote(
    client: Client,
    stack: DesiredStack,
    actual: ActualRegistry,
    *,
    run: str,
    guard: Callable[[], None],
    emit: Emit = ignore,
) -> Registration:
    """Let the stack's alias have the stack's components, in one write.

    Raises:
        RegistryError: ZenML refused; the alias is as it was.
    """
    found = actual.stacks.get(stack.alias)
    action = Action.PROMOTE if found else Action.CREATE
    ids = {key: component.id for key, component in actual.components.items()}
    with _WriteLog(total=1, guard=guard, emit=emit).writing(Kind.ALIAS, stack.alias, action):
        alias_id = _write_stack(client, stack.alias, stack, found, ids, run)
    return Registration(
        kind=Kind.ALIAS,
        name=stack.alias,
        id=alias_id,
        version=stack.version,
        content_hash=stack.content_hash,
        project=stack.project,
        action=action,
    )


def delete_registrations(
    client: Client,
    actual: ActualRegistry,
    changes: tuple[RegistrationChange, ...],
    *,
    guard: Callable[[], None],
    emit: Emit = ignore,
) -> tuple[Registration, ...]:
    """Carry out the deletions among the changes, in their order; what is gone already is fine.

    Raises:
        PartlyDoneError: some are gone and one couldn't be deleted.
        RegistryError: the first deletion failed.
    """
    deletions = [change for change in changes if change.action is Action.DELETE]
    log = _WriteLog(total=len(deletions), guard=guard, emit=emit)
    return tuple(_delete(client, change, actual, log) for change in deletions)


@dataclass
class _WriteLog:
    """Counts what was written, so that a failure can say how far it came."""

    total: int
    guard: Callable[[], None]
    emit: Emit
    done: int = 0

    @contextmanager
    def writing(self, kind: Kind, name: str, action: Action) -> Iterator[None]:
        self.guard()
        try:
            yield
        except (RegistryError, PartlyDoneError):
            raise
        except Exception as error:
            raise self._failure(kind, name, action, error) from error
        self.done += 1
        self.emit(RegistrationWritten(kind.value, name, action.value))

    def _failure(
        self, kind: Kind, name: str, action: Action, error: Exception
    ) -> RegistryError | PartlyDoneError:
        what = f"ZenML did not {action.value} the {kind.value} {name}"
        why = f"{type(error).__name__}: {error}".strip()
        fix = "Run the same command again: what is registered already is adopted, not made twice."
        if self.done:
            return PartlyDoneError(
                what, why=f"{why}. {self.done} of {self.total} registrations were written", fix=fix
            )
        return RegistryError(what, why=why, fix=fix)


def _delete(
    client: Client, change: RegistrationChange, actual: ActualRegistry, log: _WriteLog
) -> Registration:
    if change.kind is Kind.COMPONENT:
        thing: ActualComponent | ActualStack = next(
            c for c in actual.our_components if c.name == change.name and c.type == change.note
        )
        delete: Callable[[UUID], None] = client.zen_store.delete_stack_component
    else:
        thing = actual.stacks[change.name]
        delete = client.zen_store.delete_stack
    with log.writing(change.kind, change.name, Action.DELETE), suppress(KeyError):
        delete(UUID(thing.id))
    return Registration(
        kind=change.kind,
        name=thing.name,
        id=thing.id,
        version=thing.labels.get(VERSION, ""),
        content_hash=thing.labels.get(CONTENT_HASH, ""),
        component_type=change.note if change.kind is Kind.COMPONENT else None,
        project=thing.labels.get(ML_PROJECT),
        action=Action.DELETE,
    )


def _write_component(
    client: Client, desired: DesiredComponent, found: ActualComponent | None, run: str
) -> str:
    from zenml.enums import StackComponentType
    from zenml.exceptions import EntityExistsError

    kind = StackComponentType(desired.type)
    labels = {**component_labels(desired), RUN: run}
    if found is None:
        try:
            created = client.create_stack_component(
                name=desired.name,
                flavor=desired.flavor,
                component_type=kind,
                configuration=dict(desired.configuration),  # type: ignore[arg-type]
                labels=labels,
            )
            return str(created.id)
        except EntityExistsError:  # our own POST, whose reply was lost, or somebody quicker
            found = _component(
                client.get_stack_component(kind, desired.name, allow_name_prefix_match=False)
            )
            _refuse_foreign(found.name, found.labels, desired.labels)
    client.update_stack_component(
        UUID(found.id),
        kind,
        configuration={**dict.fromkeys(found.configuration), **desired.configuration},
        labels={**dict.fromkeys(found.labels), **labels},
    )
    return found.id


def _write_stack(
    client: Client,
    name: str,
    desired: DesiredStack,
    found: ActualStack | None,
    component_ids: dict[tuple[str, str], str],
    run: str,
) -> str:
    from zenml.enums import StackComponentType
    from zenml.exceptions import EntityExistsError
    from zenml.models import StackRequest, StackUpdate

    labels = {**stack_labels(desired), RUN: run}
    components: dict[StackComponentType, list[UUID | object]] = {
        StackComponentType(kind): [UUID(component_ids[(kind, component.name)])]
        for kind, component in desired.components.items()
    }
    if found is None:
        try:
            request = StackRequest(name=name, components=components, labels=labels)  # type: ignore[arg-type]
            return str(client.zen_store.create_stack(request).id)
        except EntityExistsError:
            found = _stack(client.get_stack(name, allow_name_prefix_match=False))
            _refuse_foreign(found.name, found.labels, desired.labels)
    update = StackUpdate(components=components, labels=labels)  # type: ignore[arg-type]
    client.zen_store.update_stack(UUID(found.id), update)
    return found.id


def _refuse_foreign(name: str, labels: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    if any(labels.get(key) != wanted.get(key) for key in (MANAGED_BY, ENVIRONMENT)):
        raise RegistryError(
            f"{name} was registered by somebody else while this run was at work",
            fix="Rename or delete it in ZenML, then run the same command again.",
        )


def _component(response: ComponentResponse) -> ActualComponent:
    return ActualComponent(
        id=str(response.id),
        name=response.name,
        type=response.type.value,
        flavor=response.flavor_name,
        configuration=dict(response.configuration),
        labels=dict(response.labels or {}),
    )


def _stack(response: StackResponse) -> ActualStack:
    return ActualStack(
        id=str(response.id),
        name=response.name,
        components={
            kind.value: tuple(c.name for c in found) for kind, found in response.components.items()
        },
        labels=dict(response.labels or {}),
        updated=response.updated,
    )


def _registration(component: DesiredComponent, id: str, action: Action | None) -> Registration:
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
