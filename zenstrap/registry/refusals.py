"""Refuses changes: taken names, other content of current versions, deletions of what is in use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from zenstrap.config.names import nearest
from zenstrap.errors import NameTakenError, RefusedError, UsageError
from zenstrap.naming import alias_name
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.changes import Action, Kind, RegistrationChange
from zenstrap.registry.model import (
    ML_PROJECT,
    VERSION,
    ActualComponent,
    ActualConnector,
    ActualRegistry,
    ActualStack,
    DesiredComponent,
    DesiredRegistry,
    DesiredStack,
    is_alias,
    version_of,
)
from zenstrap.registry.versions import promotions
from zenstrap.registry.zenml_reading import PAGE
from zenstrap.zenml_private.calls import every

if TYPE_CHECKING:
    from zenml.client import Client
    from zenml.models import UserResponse

_SHOWN: Final = 10  # uses; more of them are only counted


def refuse_unknown_names(desired: DesiredRegistry, adopt: frozenset[str]) -> None:
    """Check that every name in ``--adopt`` is desired.

    Raises:
        UsageError: one isn't.
    """
    unknown = sorted(adopt - desired.names)
    if unknown:
        near = nearest(unknown[0], sorted(desired.names))
        raise UsageError(
            f"no registration of this environment is called {', '.join(unknown)}",
            where="--adopt",
            fix=f"Did you mean {near}?" if near else "Run without --adopt to see the names",
        )


def refuse_taken_names(
    desired: DesiredRegistry, actual: ActualRegistry, adopt: frozenset[str]
) -> None:
    """Check that no desired name is taken by a foreign registration, except those in ``adopt``.

    Raises:
        NameTakenError: names them.
    """
    found: list[ActualConnector | ActualComponent | ActualStack | None] = [
        *(actual.connectors.get(c.name) for c in desired.connectors),
        *(actual.components.get((c.type, c.name)) for c in desired.components),
        *(actual.stacks.get(name) for s in desired.stacks for name in (s.name, s.alias)),
    ]
    taken = sorted({x.name for x in found if x and not actual.is_ours(x.labels)} - adopt)
    if taken:
        raise NameTakenError(
            f"{', '.join(taken)}: registered in ZenML by another user",
            why=f"It doesn't carry zenstrap's labels for environment {desired.environment}.",
            fix="Rename or delete it in ZenML, adopt it with "
            f"{' '.join(f'--adopt {name}' for name in taken)}, or use another environment name.",
        )


def refuse_unchangeable(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    """Refuse changes that ZenML can't make in place: flavors, and a connector's type and method.

    Raises:
        RefusedError: one of these would change.
    """
    for component in desired.components:
        existing = actual.components.get((component.type, component.name))
        if existing is not None and existing.flavor != component.flavor:
            key = _component_version_key(component)
            raise RefusedError(
                f"{component.name} is registered with flavor {existing.flavor}",
                where=key.replace(f".{VERSION}", ".flavor"),
                why="ZenML can't change a flavor in place.",
                fix=f"Bump {key} to {next_version(component.version)}, so that a new component "
                "is created.",
            )
    for connector in desired.connectors:
        found = actual.connectors.get(connector.name)
        if found is not None and (found.type, found.method) != (connector.type, connector.method):
            raise RefusedError(
                f"{connector.name} is registered as a connector of type {found.type} with method "
                f"{found.method}",
                where="auth.method",
                why="ZenML can't change these of a connector in use.",
                fix="Delete or rename that connector in ZenML.",
            )


def refuse_changed_versions(desired: DesiredRegistry, actual: ActualRegistry) -> None:
    """Refuse other content for a version that is, or once was, current.

    The link to a connector isn't content, so moving from keys to keyless access needs no new
    versions. Neither are labels. An adopted registration has no version yet. A candidate that was
    never promoted may be corrected: nobody has used it.

    Raises:
        RefusedError: lists the versions to raise, one per line.
    """
    bumps = [*_changed_components(desired, actual), *_changed_stacks(desired, actual)]
    if bumps:
        lines = [f"  {place} to {next_version(version)} ({name})" for name, place, version in bumps]
        single = len(bumps) == 1
        raise RefusedError(
            f"{bumps[0][0] if single else f'{len(bumps)} registrations'}: "
            f"{'its version is' if single else 'their versions are'} registered with other content",
            where=f"environment {desired.environment}",
            why="A version that was current can't be changed (protection.immutable_versions)",
            fix="\n".join(("Raise the version:" if single else "Raise the versions:", *lines)),
        )


def require_unused(
    client: Client,
    actual: ActualRegistry,
    changes: Sequence[RegistrationChange],
    *,
    immutable_versions: bool = False,
) -> None:
    """Check that ZenML won't refuse a deletion, before anything is changed.

    Args:
        immutable_versions: check also that no foreign stack uses a candidate that is corrected.

    Raises:
        RefusedError: a foreign stack, component or deployment uses a registration that would be
            deleted; names it and its user.
    """
    corrected = {
        (component.type, component.name)
        for change in changes
        if immutable_versions and change.kind is Kind.COMPONENT and change.action is Action.UPDATE
        for component in actual.our_components
        if component.name == change.name and any(field.is_content for field in change.fields)
    }
    if users := list(_stacks_with(client, actual, corrected)):
        raise RefusedError(
            f"a version that never passed its smoke test is in use: {'; '.join(users)}",
            why="The change would affect its users (protection.immutable_versions)",
            fix="Raise its version, so that the version in use doesn't change",
        )
    uses = list(_uses(client, actual, changes))
    if not uses:
        return
    more = [f"and {len(uses) - _SHOWN} more"] if len(uses) > _SHOWN else []
    raise RefusedError(
        f"a registration to be deleted is in use: {'; '.join([*uses[:_SHOWN], *more])}",
        why="ZenML refuses to delete what is in use, and the run would stop halfway. Nothing was "
        "changed",
        fix="Have their owners move them to other components, or delete them (`zenml stack "
        "update`, `zenml stack delete`), then run the same command again",
    )


def next_version(version: str) -> str:
    """The version with its last number raised."""
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"


Bump = tuple[str, str, str]  # a registration's name, the key of its version, the version


def _was_current(stack: ActualStack, actual: ActualRegistry) -> bool:
    """Whether a stack is or was current, or belongs to another user."""
    if not actual.is_ours(stack.labels) or is_alias(stack):
        return True
    alias = actual.stacks.get(alias_name(actual.environment, stack.labels.get(ML_PROJECT)))
    if alias is None:
        return False
    promoted = {promotion.version for promotion in promotions(alias)}
    return version_of(stack) in {*promoted, version_of(alias)}


def _changed_components(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    relied_on = {
        (type_, name)
        for stack in actual.stacks.values()
        if _was_current(stack, actual)
        for type_, names in stack.components.items()
        for name in names
    }
    for component in desired.components:
        existing = actual.components.get((component.type, component.name))
        if existing is None or not actual.is_ours(existing.labels):
            continue
        if (component.type, component.name) not in relied_on:
            continue
        if _differ_for_sure(existing.configuration, component.configuration):
            yield component.name, _component_version_key(component), component.version


def _changed_stacks(desired: DesiredRegistry, actual: ActualRegistry) -> Iterator[Bump]:
    for stack in desired.stacks:
        existing = actual.stacks.get(stack.name)
        if existing is None or not actual.is_ours(existing.labels):
            continue
        if not _was_current(existing, actual):
            continue
        if stack.by_type != dict(existing.components):
            yield stack.name, _stack_version_key(stack), stack.version


def _differ_for_sure(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether they differ in values that are known already."""
    return any(
        before.get(key) != after.get(key) and UNKNOWN not in str(after.get(key))
        for key in {*before, *after}
    )


def _component_version_key(component: DesiredComponent) -> str:
    return _place(f"components.{component.key}.{VERSION}", component.project)


def _stack_version_key(stack: DesiredStack) -> str:
    return _place(VERSION, stack.project)


def _place(key: str, project: str | None) -> str:
    return f"{key} in configs/ml_projects/{project}.yaml" if project else f"stack.{key}"


def _uses(
    client: Client, actual: ActualRegistry, changes: Sequence[RegistrationChange]
) -> Iterator[str]:
    """Each use in words: ``stack NAME of USER has component NAME``."""
    deleted = [change for change in changes if change.action is Action.DELETE]
    kinds = {(c.component_type, c.name) for c in deleted if c.component_type is not None}
    components = {actual.components[kind].id: kind[1] for kind in kinds}
    connectors = [change.name for change in deleted if change.kind is Kind.CONNECTOR]
    our_components = {component.id for component in actual.our_components}
    yield from _stacks_with(client, actual, kinds)
    for name in connectors:
        connector = actual.connectors[name].id
        for component in every(
            client.list_stack_components, connector_id=connector, size=PAGE, hydrate=True
        ):
            if str(component.id) not in our_components:
                yield f"component {component.name} of {_name(component.user)} uses connector {name}"
    for id_, name in components.items():
        if ("deployer", name) in actual.components:
            for deployment in every(
                client.list_deployments, deployer_id=id_, size=PAGE, hydrate=True
            ):
                if deployment.status != "absent":
                    yield f"deployment {deployment.name} of {_name(deployment.user)} runs on {name}"


def _stacks_with(
    client: Client, actual: ActualRegistry, kinds: Collection[tuple[str, str]]
) -> Iterator[str]:
    """Foreign stacks that have one of our components, given as (type, name)."""
    components = {actual.components[kind].id: kind[1] for kind in kinds}
    our_stacks = {stack.id for stack in actual.our_stacks}
    for stack in every(client.list_stacks, size=PAGE, hydrate=True) if components else ():
        used = sorted(
            components[str(part.id)]
            for parts in stack.components.values()
            for part in parts
            if str(part.id) in components
        )
        if used and str(stack.id) not in our_stacks:
            yield f"stack {stack.name} of {_name(stack.user)} has {', '.join(used)}"


def _name(user: UserResponse | None) -> str:
    return user.name if user else "an unknown user"
