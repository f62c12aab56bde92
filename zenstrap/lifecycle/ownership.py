"""Determines the owner of an environment, before anything is changed.

The owner is the id beside the state. For environments older than owner ids it is the state's
lineage, which runs in ZenML recorded. The name of the environment doesn't matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from zenstrap import paths, runs
from zenstrap.config.loading import available_environments
from zenstrap.config.names import environment_name_fault
from zenstrap.errors import NameTakenError, UsageError, ZenstrapError
from zenstrap.invocation import command, renamed, verb
from zenstrap.lifecycle.other_zenml import (
    in_another_project,
    registered_elsewhere,
    relation,
    unknown_here,
)
from zenstrap.owner import Owner, Registry, new_owner
from zenstrap.platforms.base import Platform, StatePlace
from zenstrap.redaction import redact
from zenstrap.registry.model import ActualRegistry
from zenstrap.registry.zenml_reading import read_registry
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.state import StateIdentity, resources_in, state_guard
from zenstrap.user import user_name
from zenstrap.words import count
from zenstrap.zenml_private.calls import every, store_info, store_url

if TYPE_CHECKING:
    from zenml.client import Client

_LONGEST: Final = 16  # characters of the user's name; an environment's may have 20
_SHOWN: Final = 3  # of what has another owner's mark


@dataclass(frozen=True)
class Evidence:
    """What the owner is determined by.

    Attributes:
        owner: the owner's record beside the state.
        state: Terraform's state.
        here: the connected ZenML.
        proof: without an owner, the newest run in it that recorded a state of this lineage.
        elsewhere: name of another ZenML project that has such a run, if this one has none.
        projects: where the owner is registered in another ZenML or project, all projects in the
            connected one, names by id.
        marks: what is there under the environment's names, isn't in the state and has an owner's
            mark, each with that owner's id. Empty if the state has resources and an owner.
        in_state: the ids in the marks of what is in the state, if that has no owner.
        last: without an owner and without resources in the state, the newest run that recorded
            any state of an environment of this name, of any owner.
    """

    environment: str
    place: str
    owner: Owner | None
    state: StateIdentity | None
    here: Registry
    proof: RunRecord | None = None
    last: RunRecord | None = None
    elsewhere: str | None = None
    projects: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[tuple[str, str], ...] = ()
    in_state: frozenset[str] = frozenset()

    @property
    def is_up(self) -> bool:
        """Whether Terraform's state has resources."""
        return self.state is not None and self.state.resources > 0


@dataclass(frozen=True)
class Decision:
    """The owner of an environment.

    Attributes:
        id: the owner's id; None if a new one is to be created.
        moved: whether the environment was registered in another ZenML before.
        gone: whether what it had there is gone: that ZenML was made anew.
    """

    id: str | None
    moved: bool = False
    gone: bool = False


def settle_owner(
    place: StatePlace,
    client: Client,
    run: Run,
    *,
    this_zenml: bool,
) -> Owner | None:
    """Determine the environment's owner before a run begins, and set it on the run.

    ``up`` gives an environment without an owner id a new one. Its earlier runs are tagged with the
    id first, so that they can always be found by it.

    Args:
        this_zenml: continue although the environment was registered in another ZenML.

    Returns:
        The record to write beside the state after the run; None if it doesn't change.

    Raises:
        NameTakenError: the environment belongs to another owner.
        StateGuardError: the environment is registered in another ZenML, or another ZenML project.
        DamagedOwnerError: the owner's record beside the state can't be read.
    """
    config = run.config
    evidence = gather(run.platform, place, client)
    decision = decide(evidence, this_zenml=this_zenml)
    owner = evidence.owner or new_owner(
        config.environment, user_name(), evidence.here, id=decision.id
    )
    needs_owner = run.command == "up" or evidence.is_up
    if evidence.owner is None and not needs_owner:
        return None  # the environment isn't up, and this command doesn't create it
    run.past.owner, run.past.taken_down_at = owner.id, owner.taken_down_at
    run.past.forgotten_at = owner.forgotten_at
    run.past.moved_from = owner.registry.url if decision.moved and not decision.gone else ""
    if place.missing:
        return None  # `plan` before the state bucket exists
    newest = None if evidence.owner is None else runs.newest_run(client, config.environment)
    if evidence.owner is None or (newest is not None and not newest.owner):
        # The newest run has no owner if an older zenstrap, which has no owner ids, started it.
        lineage = evidence.state.lineage if evidence.state else None
        runs.claim_runs(client, config.environment, owner.id, lineage)
    if evidence.owner is None:
        place.owners.write(owner)
    match run.command:
        case "down":
            return owner.taken_down()
        case "up" if decision.moved or owner.taken_down_at or owner.forgotten_at:
            return owner.registered_in(evidence.here)
        case _:
            return None


def gather(platform: Platform, place: StatePlace, client: Client) -> Evidence:
    """Collect the evidence for the environment's owner. Changes nothing.

    Raises:
        DamagedOwnerError: the owner's record beside the state can't be read.
        AuthenticationError, PlatformError: the platform can't be reached, or refused.
    """
    environment = platform.config.environment
    owner, state = place.owners.read(), place.storage.read(environment)
    evidence = Evidence(
        environment=environment,
        place=place.storage.place(environment),
        owner=owner,
        state=state,
        here=registry_of(client),
    )
    if owner is not None and not owner.registry.is_same(evidence.here):
        evidence = replace(evidence, projects=projects_of(client))
    if owner is not None:
        return evidence if evidence.is_up else replace(evidence, marks=platform.marks(()))
    evidence = _with_marks(evidence, platform, place)
    if state is None or not evidence.is_up:
        return replace(evidence, last=runs.last_state(client, environment, owner=""))
    proof = runs.run_of_state(client, environment, state.lineage)
    if proof is not None:
        return replace(evidence, proof=proof)
    return replace(evidence, elsewhere=_other_project(client, environment, state))


def decide(evidence: Evidence, *, this_zenml: bool) -> Decision:
    """The environment's owner. Pure.

    Raises:
        NameTakenError, StateGuardError: see :func:`settle_owner`.
    """
    if evidence.owner is not None:
        return _of_owner(evidence, evidence.owner, this_zenml=this_zenml)
    if evidence.is_up and evidence.proof is None and not this_zenml:
        if evidence.elsewhere is not None:
            raise in_another_project(evidence.environment, evidence.here, evidence.elsewhere)
        raise unknown_here(
            evidence.environment, evidence.here, evidence.place, _resources(evidence)
        )
    if evidence.proof is not None and evidence.proof.owner:
        return Decision(evidence.proof.owner)
    if len(evidence.in_state) == 1:  # the state is here, and what is in it has one owner
        return Decision(next(iter(evidence.in_state)))
    last = evidence.last
    if last is not None and last.state and last.state.resources:
        raise _state_missing_or_of_another_owner(evidence, last)
    if evidence.marks and not evidence.is_up:
        raise _marked_by_another(evidence)
    return Decision(None)


def registry_of(client: Client) -> Registry:
    """The connected ZenML."""
    project = client.active_project
    return Registry(
        id=str(store_info(client).id),
        project=str(project.id),
        url=redact(store_url(client)),
        project_name=project.name,
    )


def projects_of(client: Client) -> dict[str, str]:
    """All projects in the connected ZenML, names by id."""
    return {str(project.id): str(project.name) for project in every(client.list_projects)}


def our_registry(client: Client, run: Run) -> ActualRegistry:
    """The environment's registrations in ZenML, of this run's owner.

    Registrations without an owner label are older than owner ids. They are ours if the runs that
    wrote them recorded the state that this environment uses.
    """
    actual = read_registry(client, run.environment, owner=run.owner, unmarked=False)
    if not actual.unmarked_runs:
        return actual
    if run.past.unmarked is None:
        run.past.unmarked = _are_ours(actual, client, run)
    return replace(actual, unmarked=run.past.unmarked)


def require_ours(actual: ActualRegistry, client: Client) -> None:
    """Check that no other owner has an environment of this name in the same ZenML.

    Raises:
        NameTakenError: another owner has; the message names the owner and the fix.
    """
    written_by = actual.runs_of_others
    if not written_by:
        return
    last = runs.run_named(client, max(written_by))
    raise NameTakenError(
        f"this ZenML has another environment {actual.environment}, {who(last)}",
        why="Its stacks and components have the names that yours would get. Nothing was changed",
        **_another_name(actual.environment),
    )


def _are_ours(actual: ActualRegistry, client: Client, run: Run) -> bool:
    assert run.place is not None, "the state's place is known before ZenML is read"
    state = run.place.storage.read(actual.environment)
    writers = [runs.run_named(client, name) for name in sorted(actual.unmarked_runs)]
    if run.owner and all(writer and writer.owner == run.owner for writer in writers):
        return True  # claimed earlier, when the state still existed; it may be lost by now
    # Without evidence either way: a rollback, which records no state, and a deleted run.
    lineages = {writer.state.lineage for writer in writers if writer and writer.state}
    return state is not None and lineages == {state.lineage}


def _of_owner(evidence: Evidence, owner: Owner, *, this_zenml: bool) -> Decision:
    related = relation(owner, evidence.here, evidence.projects)
    if related != "same" and evidence.is_up and not this_zenml:
        raise registered_elsewhere(owner, evidence.here, evidence.projects, _resources(evidence))
    marked = {mark for _, mark in evidence.marks}
    # Once the user gave up a state, or with things of the owner's own, others' are no hint that the
    # owner's record is the wrong one.
    if marked and owner.id not in marked and owner.forgotten_at is None:
        raise _marked_by_another(evidence)
    return Decision(owner.id, moved=related != "same", gone=related == "anew")


def _with_marks(evidence: Evidence, platform: Platform, place: StatePlace) -> Evidence:
    """Add the marks of other owners, before a new owner is created."""
    everything = platform.marks(())
    content = place.storage.content(evidence.environment) if evidence.is_up else None
    if not everything or content is None:
        return replace(evidence, marks=everything)
    marks = platform.marks(resources_in(content, where=evidence.place))
    in_state = frozenset(mark for name, mark in everything if (name, mark) not in marks)
    return replace(evidence, marks=marks, in_state=in_state)


def _other_project(client: Client, environment: str, state: StateIdentity | None) -> str | None:
    """The name of another ZenML project whose runs recorded this state."""
    assert state is not None
    for project in every(client.list_projects):
        if project.id == client.active_project.id:
            continue
        run = runs.run_of_state(client, environment, state.lineage, project=str(project.id))
        if run is not None:
            return str(project.name)
    return None


def _state_missing_or_of_another_owner(evidence: Evidence, last: RunRecord) -> ZenstrapError:
    """The error without a state or owner in this place: it is lost, moved, or another owner's."""
    assert last.state is not None
    resources = count(last.state.resources, "resource")
    environment, place = evidence.environment, evidence.place
    if last.place == place and (last.is_of_this_machine or is_shared(place)):
        return state_guard(
            "the state is missing",
            where=place,
            why=f"Run {last.name} recorded {resources} in it, and without it everything would be "
            "created again",
        )
    recover = "If it is yours and its state is lost, `recover` shows the way out"
    if last.place and (is_shared(last.place) or last.is_of_this_machine):
        return NameTakenError(
            f"the state of {environment} is in another place",
            where=last.place,
            why=f"Run {last.name} recorded {resources} in it; the environment is {who(last)}. The "
            f"configured place is {place}",
            **_another_name(
                environment,
                f"If it is yours, {_set_back(last.place, place)}. {recover}",
            ),
        )
    return NameTakenError(
        f"this ZenML has an environment {environment} already, {who(last)}",
        where=place,
        why=f"Run {last.name} recorded {resources}, and their state isn't in this place",
        **_another_name(
            environment,
            f"If it is yours, copy its state and owner.json to this place. {recover}",
        ),
    )


def _marked_by_another(evidence: Evidence) -> NameTakenError:
    """The error for things of another owner under the environment's names, without a state."""
    environment = evidence.environment
    ids = sorted({mark for _, mark in evidence.marks})
    names = [name for name, _ in evidence.marks]
    of = f"owner{'s' if len(ids) > 1 else ''} {' and '.join(ids)}"
    here = f", and the owner of {environment} here is {evidence.owner.id}" if evidence.owner else ""
    return NameTakenError(
        f"there is an environment {environment} already, of {of}",
        where=names[0],
        why=f"{shown(names)} {'has' if len(names) == 1 else 'have'} that mark{here}. Nothing was "
        "changed",
        fix="If it is somebody else's, choose another place for the artifacts, or give your "
        "environment another name. If it is yours, and its state is lost, run",
        command=command("recover", environment),
    )


def shown(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def is_shared(place: str) -> bool:
    """Whether every machine reaches the same place by this address."""
    return place.startswith("gs://")


def _set_back(before: str, now: str) -> str:
    if not is_shared(before):
        return "set ZENSTRAP_HOME back to the folder that holds it"
    old, new = before.rpartition("/")[0], now.rpartition("/")[0]
    back = "set state.bucket and state.prefix back"
    if not is_shared(now):  # the state bucket doesn't exist yet
        return back
    return f"{back}, or move the state to the new place (`gcloud storage mv '{old}/*' {new}/`)"


def _another_name(environment: str, first: str = "") -> dict[str, str]:
    """The fix: another name for the environment. ``down`` and ``rollback`` have none."""
    ways = [first] if first else []
    if verb() in ("down", "rollback"):
        return {"fix": ". ".join([*ways, "Otherwise there is nothing of yours to change"])}
    return {
        "fix": ". ".join([*ways, "Give your environment another name"]),
        "command": renamed(environment, _suggested_name(environment)),
    }


def _suggested_name(refused: str) -> str:
    """The user's name, with a number if an environment has that name, as far as is known here.

    Args:
        refused: the name that is taken. After ``ada2`` comes ``ada3``: what comes before it has
            probably been refused, too.
    """
    letters = "".join(c for c in user_name().lower() if c.isascii() and c.isalnum())[:_LONGEST]
    name = "mine" if environment_name_fault(letters) else letters
    taken = {refused, *_names_of_this_machine()}
    number = refused.removeprefix(name)
    first = int(number) + 1 if number != refused and number.isdecimal() else 1
    candidates = (name if n == 1 else f"{name}{n}" for n in itertools.count(first))
    return next(candidate for candidate in candidates if candidate not in taken)


def _names_of_this_machine() -> Iterator[str]:
    """Names of environments that have a file, or a folder for their state."""
    with suppress(UsageError):  # no folder of configurations
        yield from available_environments()
    yield from (folder.name for folder in paths.environment_folder("any").parent.glob("*"))


def who(run: RunRecord | None) -> str:
    """``owned by ada on laptop``, after a run of an environment."""
    if run is None:
        return "owned by another user"
    return f"owned by {run.user} on {run.host}" if run.host else f"owned by {run.user}"


def _resources(evidence: Evidence) -> str:
    return count(evidence.state.resources if evidence.state else 0, "resource")
