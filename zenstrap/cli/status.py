"""``status``: the aliases and stacks of an environment, its last run and its lease."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zenstrap import invocation
from zenstrap.cli.history import run_line
from zenstrap.cli.options import Options
from zenstrap.cli.whose import marks_notices, owner_of, whose_notices
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import ZenstrapError
from zenstrap.lease import holder
from zenstrap.naming import alias_name
from zenstrap.registry.model import ML_PROJECT, VERSION, ActualRegistry, ActualStack, version_in
from zenstrap.views import json_view
from zenstrap.views.status_view import (
    AliasStatus,
    ComponentLine,
    EnvironmentStatus,
    LeaseLine,
    SmokeTestLine,
    StackVersion,
    StatusView,
)
from zenstrap.views.terminal import console_on

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.lifecycle.proving import LastTest
    from zenstrap.registry.versions import Versions


def status(config: EnvironmentConfig, options: Options) -> int:
    """Print the aliases, their versions, the last run and the lease."""
    with zenml_client(debug=options.debug) as client:
        current = _status(config, client)
    if options.config_notice:
        current = replace(current, notices=(options.config_notice, *current.notices))
    if options.json:
        options.telling.result(json_view.status_object([current]), 0)
    else:
        console_on(sys.stdout).print(StatusView(current))
    return 0


def _status(config: EnvironmentConfig, client: Client) -> EnvironmentStatus:
    from zenstrap.registry.drift import changed_outside
    from zenstrap.registry.zenml_reading import read_registry
    from zenstrap.runs import recent_runs

    owner = owner_of(config)
    # Registrations without an owner are shown, too: only a run can check them against the state.
    actual = read_registry(client, config.environment, owner=owner.id if owner else None)
    last = recent_runs(client, config.environment, owner.id if owner else "", limit=1)
    lease, notices = _lease(config)
    notices = (*whose_notices(owner, config.environment, client, last, actual), *notices)
    if not actual.our_stacks:
        notices = (*marks_notices(owner, config), *notices)
    if drift := changed_outside(actual):
        again = f"`{invocation.command('up', config.environment)}` reverts it"
        notices = (*notices, f"Changed outside of zenstrap: {'; '.join(drift)}. {again}.")
    return EnvironmentStatus(
        environment=config.environment,
        platform=config.platform,
        aliases=tuple(_aliases(config, actual, client)),
        last_run=run_line(last[0]) if last else None,
        lease=lease,
        notices=notices,
    )


def _aliases(
    config: EnvironmentConfig, actual: ActualRegistry, client: Client
) -> Iterator[AliasStatus]:
    from zenstrap.lifecycle.proving import last_tests
    from zenstrap.registry.versions import versions_of

    by_project = {project: versions_of(actual, project) for project in _projects(config, actual)}
    stacks = {project: _stacks(versions) for project, versions in by_project.items()}
    names = [stack.name for of_project in stacks.values() for stack in of_project]
    tests = last_tests(client, config.environment, names)
    for project, versions in by_project.items():
        yield AliasStatus(
            alias=alias_name(config.environment, project),
            current=versions.alias.labels.get(VERSION) if versions.alias else None,
            project=project,
            versions=tuple(
                _version(stack, versions, actual, tests.get(stack.name))
                for stack in sorted(stacks[project], key=_version_key, reverse=True)
            ),
        )


def _stacks(versions: Versions) -> tuple[ActualStack, ...]:
    current = (versions.current,) if versions.current else ()
    return (*current, *versions.previous, *versions.rolled_back, *versions.candidates)


def _projects(config: EnvironmentConfig, actual: ActualRegistry) -> list[str | None]:
    """None for the base stack, then the projects that are registered, configured ones first."""
    registered = {s.labels[ML_PROJECT] for s in actual.our_stacks if ML_PROJECT in s.labels}
    named = {None: None} | dict.fromkeys((*config.ml_projects, *sorted(registered)))
    has_base = any(ML_PROJECT not in s.labels for s in actual.our_stacks)
    return [p for p in named if p in registered or (p is None and has_base)]


def _version(
    stack: ActualStack, versions: Versions, actual: ActualRegistry, test: LastTest | None
) -> StackVersion:
    version = version_in(stack.name) or ""
    promotion = versions.promotions.get(version)
    # The alias has the current components, also if a run was interrupted after changing the stack.
    shown = versions.alias if versions.current is stack and versions.alias else stack
    return StackVersion(
        stack=stack.name,
        version=version,
        current=versions.current is stack,
        promoted_by=promotion.run if promotion else None,
        promoted_at=promotion.at if promotion else None,
        rolled_back_by=promotion.rolled_back_by if promotion else None,
        rolled_back_at=promotion.rolled_back_at if promotion else None,
        smoke_test=_smoke_test(test),
        components=tuple(_components(shown, actual)),
    )


def _components(stack: ActualStack, actual: ActualRegistry) -> Iterator[ComponentLine]:
    for kind, names in stack.components.items():
        for name in names:
            component = actual.components.get((kind, name))
            if component:
                version = component.labels.get(VERSION, "")
                yield ComponentLine(kind, name, component.flavor, version)


def _smoke_test(test: LastTest | None) -> SmokeTestLine | None:
    if test is None:
        return None
    facts: dict[str, Any] = test.facts
    return SmokeTestLine(
        passed=facts.get("passed") is True,
        time=test.at,
        accuracy=facts.get("accuracy"),
        reason=str(facts.get("headline", "")),
    )


def _lease(config: EnvironmentConfig) -> tuple[LeaseLine | None, tuple[str, ...]]:
    """The lease's holder, or why it isn't known: the other facts need no login with a cloud."""
    from zenstrap.platforms import platform_of

    try:
        lease = holder(platform_of(config).stores().leases, config.environment)
    except ZenstrapError as error:
        return None, (f"Whether a run holds the lease isn't known: {error}",)
    if lease is None:
        return None, ()
    record = lease.record
    line = LeaseLine(
        owner=record.owner,
        host=record.process.host,
        pid=record.process.pid,
        command=record.command,
        since=record.acquired_at,
        alive=lease.alive,
        reason=lease.reason,
    )
    return line, ()


def _version_key(stack: ActualStack) -> tuple[int, ...]:
    return tuple(int(part) for part in (version_in(stack.name) or "0").split("."))
