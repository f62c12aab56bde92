"""One plan for infrastructure and registrations, up or down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from zenstrap import paths, runs
from zenstrap.config import EnvironmentConfig
from zenstrap.config.rules import warnings
from zenstrap.errors import StateGuardError
from zenstrap.events import Notice
from zenstrap.lifecycle.infrastructure import open_workspace
from zenstrap.lifecycle.ownership import our_registry, require_ours, who
from zenstrap.lifecycle.proving import is_proven, last_tests
from zenstrap.lifecycle.standing import losses
from zenstrap.lifecycle.succession import succession_notices
from zenstrap.log import KEPT
from zenstrap.policy.approval import refusal
from zenstrap.redaction import UNKNOWN
from zenstrap.registry.changes import Action, FieldKind, Kind, RegistrationChange
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.diff import diff, removal
from zenstrap.registry.model import OWNER, ActualRegistry, DesiredRegistry, DesiredStack
from zenstrap.registry.reconciliation import waits_for_proof
from zenstrap.registry.refusals import require_unused
from zenstrap.registry.versions import rolled_back_from
from zenstrap.reports import Kept, PlanReport
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.binary import BINARY_VARIABLE
from zenstrap.terraform.plan import Plan, PlannedOutput
from zenstrap.terraform.state import check_state, state_guard
from zenstrap.terraform.workspace import Workspace
from zenstrap.words import count, sentence

if TYPE_CHECKING:
    from zenml.client import Client


def plan_up(client: Client, run: Run) -> PlanReport:
    """The plan that brings the environment to its configuration. Changes nothing.

    Raises:
        StateGuardError: Terraform's state isn't the one that was recorded.
        NameTakenError, RefusedError: see :func:`zenstrap.registry.diff.diff`, and
            :func:`zenstrap.registry.refusals.require_unused`.
    """
    workspace = open_workspace(run)
    _guard_state(workspace, client, run)  # before Terraform creates an empty state
    config = run.config
    actual = our_registry(client, run)
    require_ours(actual, client)
    _guard_registered(workspace, actual, run)
    workspace.prepare()
    platform = run.platform
    keep_keys = platform.keys_in_use(actual, workspace.resources())
    variables = platform.variables(workspace, run, keys_in_use=keep_keys)
    infrastructure = workspace.plan(variables.values)
    desired = desired_registry(
        config,
        platform.registrations(
            planned_values(infrastructure.outputs), platform.key_fingerprints(client)
        ),
        owner=run.owner,
    )
    registrations = diff(
        desired,
        actual,
        immutable_versions=config.protection.immutable_versions,
        adopt=frozenset(run.request.adopt),
    )
    require_unused(
        client, actual, registrations, immutable_versions=config.protection.immutable_versions
    )
    last_change = runs.last_change(client, config.environment, run.owner)
    planned = PlanReport(
        environment=config.environment,
        direction="up",
        infrastructure=infrastructure,
        registrations=registrations,
        to_test=_stacks_to_test(client, desired, actual, infrastructure, run),
        since=last_change.name if last_change else None,
        digest=combined_digest(infrastructure, registrations),
        notices=(
            *warnings(config),
            *variables.notices,
            *platform.notices(infrastructure),
            *succession_notices(
                platform, desired, actual, infrastructure, registrations, keys_in_use=keep_keys
            ),
            *_notices(config, desired, registrations),
            *_owner_notices(desired, registrations),
            *_moved_notices(run),
            *active_stack_notices(registrations, run),
        ),
        keys_in_use=keep_keys,
        kept=platform.left_in_place(infrastructure),
        losses=losses(platform, infrastructure, desired, actual),
    )
    refused = refusal(planned, config, platform.resource_rules())
    return planned.model_copy(update={"refusal": refused.what}) if refused else planned


def plan_down(client: Client, run: Run) -> PlanReport:
    """The plan that removes the environment. Changes nothing.

    Raises:
        StateGuardError: Terraform's state isn't the one that was recorded.
        RefusedError: something in it is in use, or a bucket isn't empty.
    """
    workspace = open_workspace(run)
    _guard_state(workspace, client, run)  # before Terraform creates an empty state
    actual = our_registry(client, run)
    _guard_registered(workspace, actual, run)
    workspace.prepare()
    platform = run.platform
    emptied = platform.emptied_first(workspace)
    registrations = removal(actual)
    require_unused(client, actual, registrations)
    platform.require_removable()
    variables = platform.variables_for_removal(workspace, run)
    infrastructure = workspace.plan(variables.values, destroy=True)
    return PlanReport(
        environment=run.environment,
        direction="down",
        infrastructure=infrastructure,
        registrations=registrations,
        digest=combined_digest(infrastructure, registrations),
        notices=(
            *([run.audience.told] if run.audience.told else []),
            *variables.notices,
            *_emptied_notices(emptied),
            *platform.removal_notices(),
            *_moved_notices(run),
            *active_stack_notices(registrations, run),
        ),
        kept=(
            *_kept_by_design(run),
            *platform.foreign(run),
            *_kept_of_others(actual, client),
        ),
    )


def _emptied_notices(bucket: str | None) -> Iterator[str]:
    if bucket is not None:
        yield (
            f"All objects in {bucket} are deleted first. The last up ran with throwaway: false, "
            "so Terraform alone would refuse to delete the bucket."
        )


def _kept_of_others(actual: ActualRegistry, client: Client) -> Iterator[Kept]:
    writers = actual.runs_of_others
    if writers:
        owner = who(runs.run_named(client, max(writers)))
        name = f"registrations of another environment {actual.environment} in ZenML"
        yield Kept(name=name, reason=owner)


def _kept_by_design(run: Run) -> tuple[Kept, ...]:
    """What ``down`` keeps by design."""
    elsewhere: tuple[Kept, ...] = ()
    if run.past.moved_from:
        name = f"registrations in {run.past.moved_from}"
        reason = "another ZenML: connect to it and run down again"
        elsewhere = (Kept(name=name, reason=reason),)
    history = Kept(
        name=f"pipeline runs tagged {runs.environment_tag(run.environment)}",
        reason="the run history in ZenML, without the stacks' artifacts",
    )
    logs = Kept(name=str(paths.logs_folder()), reason=f"the logs of the last {KEPT} runs")
    return (history, logs, *elsewhere, *run.platform.kept())


def active_stack_notices(changes: Sequence[RegistrationChange], run: Run) -> tuple[str, ...]:
    """Warnings that the user's active stack is deleted."""
    deleted = {
        change.name
        for change in changes
        if change.action is Action.DELETE and change.kind in (Kind.ALIAS, Kind.STACK)
    }
    return tuple(
        f"Your active stack {name} is deleted: ZenML's default stack becomes active."
        for name in sorted(deleted & run.active_stacks)
    )


def combined_digest(infrastructure: Plan, registrations: Sequence[RegistrationChange]) -> str:
    """The digest that is approved: of the Terraform plan and of every registration change."""
    content = [infrastructure.digest, *(change.model_dump(mode="json") for change in registrations)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def planned_values(outputs: Mapping[str, PlannedOutput]) -> dict[str, JsonValue]:
    """The plan's outputs without sensitive ones; UNKNOWN if known only after the apply."""
    return {
        name: output.value if output.known else UNKNOWN
        for name, output in outputs.items()
        if not output.sensitive
    }


def _guard_state(workspace: Workspace, client: Client, run: Run) -> None:
    environment = run.environment
    record = runs.last_state(client, environment, run.owner)
    place = workspace.storage.place(environment)
    _warn_of_older_terraform(workspace, run)
    if record is not None and _was_taken_down(record, workspace, run):
        return
    if record is None or record.is_forgotten(run.past.forgotten_at):
        _guard_unrecorded(workspace, client, run)
        return
    try:
        check_state(record.state, workspace.state(), where=place)
    except StateGuardError as error:
        if record.place and record.place != place:
            error.where = f"{place} (it was in {record.place})"
        by = f" by {record.user} on {record.host}" if record.host else ""
        last = f"The last record is from run {record.name}{by}."
        error.why = f"{sentence(error.why)} {last}" if error.why else last
        raise


def _warn_of_older_terraform(workspace: Workspace, run: Run) -> None:
    """An older Terraform drops attributes that only a newer one knows."""
    state, ours = workspace.state(), workspace.binary
    if state is not None and ours.is_older_than(state.written_by):
        run.emit(
            Notice(
                f"Terraform {state.written_by} wrote the state, and this one ({ours.version}, "
                f"{ours.origin}) is older: it may drop attributes that it doesn't know. Put the "
                f"newer one on PATH, or set {BINARY_VARIABLE} to its path.",
                "warning",
            )
        )


def _guard_unrecorded(workspace: Workspace, client: Client, run: Run) -> None:
    """No run recorded a state: the run was killed before that, or the state is from elsewhere."""
    state, place = workspace.state(), workspace.storage.place(run.environment)
    if state is None or not state.resources:
        return
    other = runs.is_of_another(client, run.environment, state.lineage)
    if other is not None:
        raise StateGuardError(
            "the state belongs to another environment",
            where=place,
            why=f"Run {other.name} recorded it, and that isn't a run of {run.environment}",
            fix="It was copied or moved to this place: move it back",
        )


def _guard_registered(workspace: Workspace, actual: ActualRegistry, run: Run) -> None:
    """Registered stacks need resources: if the state has none, it is lost.

    Checked in addition to the runs' records, which may have been deleted.
    """
    state, place = workspace.state(), workspace.storage.place(run.environment)
    if not actual.our_stacks or run.past.taken_down_at or run.past.forgotten_at:
        return
    if state is None or not state.resources:
        raise state_guard(
            "the state is missing" if state is None else "the state is empty",
            where=place,
            why=f"{count(len(actual.our_stacks), 'stack')} of this environment are registered in "
            "ZenML, and their infrastructure would be created again",
        )


def _was_taken_down(record: RunRecord, workspace: Workspace, run: Run) -> bool:
    """Whether the state is empty because of a `down` that isn't in this ZenML's history."""
    state = workspace.state()
    return (
        (state is None or not state.resources)
        and run.past.taken_down_at is not None
        and record.began is not None
        and record.began < run.past.taken_down_at
    )


def _moved_notices(run: Run) -> Iterator[str]:
    if run.past.moved_from:
        yield (
            f"{run.environment} is registered in {run.past.moved_from}. Its registrations there "
            "are kept, and that ZenML doesn't see this run's changes."
        )


def _stacks_to_test(
    client: Client,
    desired: DesiredRegistry,
    actual: ActualRegistry,
    infrastructure: Plan,
    run: Run,
) -> tuple[str, ...]:
    """Stacks that need a smoke test: changed or untested, rolled back from since the last test, or
    with infrastructure that is created anew."""
    recreated = any(c.vanished or c.action == "replace" for c in infrastructure.changes)
    if run.past.forgotten_at is not None:  # without the state, any resource may be a new one
        recreated = True

    registered = [stack.name for stack in desired.stacks if stack.name in actual.stacks]
    tests = last_tests(client, run.environment, () if recreated else registered)

    def known_to_work(stack: DesiredStack) -> bool:
        if recreated or run.config.smoke_test_of(stack.project).is_repeated:
            return False
        if rolled_back_from(actual, stack.project, stack.version) is not None:
            return False
        registered_stack = actual.stacks.get(stack.name)
        return is_proven(
            tests.get(stack.name),
            registered_stack.id if registered_stack else None,
            stack.content_hash,
            run.config.smoke_test_of(stack.project).demands,
        )

    return tuple(stack.name for stack in desired.stacks if not known_to_work(stack))


def _owner_notices(
    desired: DesiredRegistry, changes: Sequence[RegistrationChange]
) -> Iterator[str]:
    owner_labels = (
        change.field(FieldKind.LABEL, OWNER)
        for change in changes
        if change.action in (Action.UPDATE, Action.MARK)
    )
    if any(label is not None and label.before is None for label in owner_labels):
        yield (
            f"All registrations of this environment get its owner's id as label {OWNER}: "
            f"{desired.owner}. Nothing is replaced or tested again for that."
        )


def _notices(
    config: EnvironmentConfig, desired: DesiredRegistry, changes: Sequence[RegistrationChange]
) -> list[str]:
    in_place = [
        change.name
        for change in changes
        if change.action is Action.UPDATE
        and not waits_for_proof(change, desired)
        and any(field.is_content for field in change.fields)
    ]
    if not in_place or config.protection.immutable_versions:
        return []
    names = ", ".join(in_place)
    return [
        f"{count(len(in_place), 'registration')} updated in place ({names}): current stacks that "
        "share them change before the smoke test. Bump the version to keep them apart."
    ]
