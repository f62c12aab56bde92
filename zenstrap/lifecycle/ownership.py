"""Whose an environment is, decided before anything of it is changed.

What decides is the owner id beside the state, and for environments from before there were ids the
state's lineage: ZenML's runs recorded it. An environment's name decides nothing.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import NameTakenError, StateGuardError, ZenstrapError
from zenstrap.invocation import command, renamed, verb
from zenstrap.owner import Owner, Registry, new_owner
from zenstrap.platforms.base import StatePlace
from zenstrap.redaction import redact
from zenstrap.registry.model import ActualRegistry
from zenstrap.registry.zenml_reading import read_registry
from zenstrap.reports import count
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.state import StateIdentity, state_guard
from zenstrap.user import user_name
from zenstrap.zenml_private.calls import every, store_info, store_url

if TYPE_CHECKING:
    from zenml.client import Client


@dataclass(frozen=True)
class Evidence:
    """What there is to decide by.

    Attributes:
        owner: what lies beside the state.
        state: Terraform's state.
        here: the ZenML that is connected.
        proof: without an owner, the newest run in it that recorded a state of this lineage.
        elsewhere: name of another ZenML project that has such a run, where this one has none.
        last: without an owner and without resources in the state, the newest run that recorded
            any state of an environment of this name, whoever's it was.
    """

    environment: str
    place: str
    owner: Owner | None
    state: StateIdentity | None
    here: Registry
    proof: RunRecord | None = None
    last: RunRecord | None = None
    elsewhere: str | None = None

    @property
    def is_up(self) -> bool:
        """Whether there is anything that Terraform made."""
        return self.state is not None and self.state.resources > 0


@dataclass(frozen=True)
class Decision:
    """Whose it is.

    Attributes:
        id: the owner's, where there is one already; None for a new one.
        moved: it was registered in another ZenML before.
    """

    id: str | None
    moved: bool = False


def settle_owner(
    place: StatePlace,
    client: Client,
    run: Run,
    *,
    this_zenml: bool,
) -> Owner | None:
    """Find out whose the environment is, before a run of it begins, and tell the run.

    An environment that comes up gets its id now, one from before there were ids too: its runs are
    tagged with it first, so that they can always be found by it.

    Args:
        this_zenml: go on although the environment was registered in another ZenML.

    Returns:
        What is to lie beside the state once the run is through; None where nothing changes.

    Raises:
        NameTakenError: it is somebody else's.
        StateGuardError: this ZenML, or this project of it, isn't the one that knows it.
        DamagedOwnerError: what lies beside the state can't be read.
    """
    config = run.config
    found = gather(config, place, client)
    decision = decide(found, this_zenml=this_zenml)
    owner = found.owner or new_owner(config.environment, user_name(), found.here, id=decision.id)
    begins = run.command == "up" or found.is_up
    if found.owner is None and not begins:
        return None  # nothing is there, and nothing is to be made
    run.past.owner, run.past.taken_down_at = owner.id, owner.taken_down_at
    run.past.forgotten_at = owner.forgotten_at
    run.past.moved_from = owner.registry.url if decision.moved else ""
    if place.missing:
        return None  # a plan; there is no bucket yet to write into
    newest = None if found.owner is None else runs.newest_run(client, config.environment)
    if found.owner is None or (newest is not None and not newest.owner):
        # Also later: an older zenstrap knows nothing of owners.
        lineage = found.state.lineage if found.state else None
        runs.claim_runs(client, config.environment, owner.id, lineage)
    if found.owner is None:
        place.owners.write(owner)
    match run.command:
        case "down":
            return owner.taken_down()
        case "up" if decision.moved or owner.taken_down_at or owner.forgotten_at:
            return owner.registered_in(found.here)
        case _:
            return None


def gather(config: EnvironmentConfig, place: StatePlace, client: Client) -> Evidence:
    """Look at everything that tells whose the environment is. Changes nothing."""
    environment = config.environment
    owner, state = place.owners.read(), place.storage.read(environment)
    found = Evidence(
        environment=environment,
        place=place.storage.place(environment),
        owner=owner,
        state=state,
        here=registry_of(client),
    )
    if owner is not None:
        return found
    if state is None or not found.is_up:
        return replace(found, last=runs.last_state(client, environment, owner=""))
    proof = runs.run_of_state(client, environment, state.lineage)
    if proof is not None:
        return replace(found, proof=proof)
    return replace(found, elsewhere=_other_project(client, environment, state))


def decide(found: Evidence, *, this_zenml: bool) -> Decision:
    """Whose it is. Pure.

    Raises:
        NameTakenError, StateGuardError: see :func:`settle_owner`.
    """
    if found.owner is not None:
        moved = not found.owner.registry.is_same(found.here)
        if moved and found.is_up and not this_zenml:
            raise _registered_elsewhere(found, found.owner.registry)
        return Decision(found.owner.id, moved=moved)
    if found.proof is not None:
        return Decision(found.proof.owner or None)
    if found.is_up and not this_zenml:
        raise _never_heard_of(found)
    if found.last is not None and found.last.state and found.last.state.resources:
        raise _somebody_elses(found, found.last)
    return Decision(None)


def registry_of(client: Client) -> Registry:
    """The ZenML that is connected."""
    project = client.active_project
    return Registry(
        id=str(store_info(client).id),
        project=str(project.id),
        url=redact(store_url(client)),
        project_name=project.name,
    )


def our_registry(client: Client, run: Run) -> ActualRegistry:
    """What ZenML has of the environment, by whose it is.

    What names no owner was registered before there were any. It is ours if the run that wrote it
    recorded the very state that lies in our place.
    """
    actual = read_registry(client, run.environment, owner=run.owner, unmarked=False)
    if not actual.unmarked_runs:
        return actual
    if run.past.unmarked is None:
        run.past.unmarked = _are_ours(actual, client, run)
    return replace(actual, unmarked=run.past.unmarked)


def require_ours(actual: ActualRegistry, client: Client) -> None:
    """Stop where somebody else has an environment of this name in the same ZenML.

    Raises:
        NameTakenError: says who, and the way out.
    """
    written_by = actual.runs_of_others
    if not written_by:
        return
    last = runs.run_named(client, max(written_by))
    raise NameTakenError(
        f"there is another {actual.environment} in this ZenML, and it is {who(last)}",
        why="Its stacks and components have the names that yours would get. Nothing of it is "
        "touched",
        **_another_name(actual.environment),
    )


def _are_ours(actual: ActualRegistry, client: Client, run: Run) -> bool:
    assert run.place is not None, "the place of the state is known before ZenML is asked"
    state = run.place.storage.read(actual.environment)
    written_by = [runs.run_named(client, name) for name in sorted(actual.unmarked_runs)]
    if run.owner and all(one and one.owner == run.owner for one in written_by):
        return True  # claimed by whoever had the state, which may be lost by now
    # A rollback records no state, and a run may have been deleted: that says nothing.
    lineages = {one.state.lineage for one in written_by if one and one.state}
    return state is not None and lineages == {state.lineage}


def _other_project(client: Client, environment: str, state: StateIdentity | None) -> str | None:
    """The name of another ZenML project whose runs recorded this state."""
    assert state is not None
    for project in every(client.list_projects):
        if project.id == client.active_project.id:
            continue
        found = runs.run_of_state(client, environment, state.lineage, project=str(project.id))
        if found is not None:
            return str(project.name)
    return None


def _registered_elsewhere(found: Evidence, registry: Registry) -> ZenstrapError:
    if registry.id == found.here.id:
        return _in_another_project(found, registry.project_name)
    return StateGuardError(
        f"{found.environment} is registered in another ZenML",
        where=registry.url,
        why=f"{found.here.url} is connected. The state holds {_resources(found)}: what is changed "
        "from here isn't seen there, and stacks there would stand on nothing",
        fix=f"{_way_to(registry)}. If that ZenML is gone for good, run again with --this-zenml",
    )


def _never_heard_of(found: Evidence) -> ZenstrapError:
    if found.elsewhere is not None:
        return _in_another_project(found, found.elsewhere)
    return StateGuardError(
        f"this ZenML has never heard of {found.environment}",
        where=found.place,
        why=f"The state holds {_resources(found)}, and no run in {found.here.url} (project "
        f"{found.here.project_name}) has recorded it",
        fix="Log in to the ZenML that it is registered in (`zenml login ADDRESS`, or "
        "ZENML_STORE_URL). If that is gone for good, run again with --this-zenml",
    )


def _in_another_project(found: Evidence, project: str) -> ZenstrapError:
    return StateGuardError(
        f"{found.environment} has its runs in ZenML's project {project}",
        where=f"ZenML project {found.here.project_name}",
        why="Its past is there: without it nobody could see whether the state is the right one",
        fix="Change to that project, or let ZENML_ACTIVE_PROJECT_ID name it",
        command=f"zenml project set {shlex.quote(project)}",
    )


def _somebody_elses(found: Evidence, last: RunRecord) -> ZenstrapError:
    """Without a state or an owner here: another's, moved, or lost."""
    assert last.state is not None
    resources = count(last.state.resources, "resource")
    if last.place == found.place and (last.is_of_this_machine or is_shared(found.place)):
        return state_guard(
            "the state is missing",
            where=found.place,
            why=f"Run {last.name} recorded {resources} in it, and without it everything would be "
            "created again",
        )
    recover = f"If it is yours and its state is lost, see `{command('recover', found.environment)}`"
    if last.place and (is_shared(last.place) or last.is_of_this_machine):
        return NameTakenError(
            f"the state of {found.environment} lies in another place",
            where=last.place,
            why=f"Run {last.name} recorded {resources} in it, and it is {who(last)}. Now "
            f"{found.place} is asked for",
            **_another_name(
                found.environment,
                f"If it is yours, {_set_back(last.place, found.place)}. {recover}",
            ),
        )
    return NameTakenError(
        f"there is a {found.environment} in this ZenML already, and it is {who(last)}",
        where=found.place,
        why=f"Run {last.name} recorded {resources}, and their state isn't here",
        **_another_name(
            found.environment,
            f"If it is yours, bring its state here, with the owner.json beside it. {recover}",
        ),
    )


def is_shared(place: str) -> bool:
    """Whether a place means the same on every machine."""
    return place.startswith("gs://")


def _set_back(before: str, now: str) -> str:
    if not is_shared(before):
        return "let ZENSTRAP_HOME name the folder again in which it lies"
    old, new = before.rpartition("/")[0], now.rpartition("/")[0]
    back = "set state.bucket and state.prefix back"
    if not is_shared(now):  # there is no bucket yet
        return back
    return f"{back}, or move all of it here (`gcloud storage mv '{old}/*' {new}/`)"


def _another_name(environment: str, first: str = "") -> dict[str, str]:
    """The way out: a name of its own for what is to be made. To take away there is nothing."""
    ways = [first] if first else []
    if verb() in ("down", "rollback"):
        return {"fix": ". ".join([*ways, "Otherwise nothing here is yours"])}
    return {
        "fix": ". ".join([*ways, "Give yours a name of its own"]),
        "command": renamed(environment, _suggested_name()),
    }


def _way_to(registry: Registry) -> str:
    if registry.url.startswith(("http://", "https://")):
        return f"Log in there (`zenml login {registry.url}`)"
    return "Go back to that ZenML configuration (ZENML_CONFIG_PATH, HOME or ZENML_STORE_URL)"


def _suggested_name() -> str:
    from zenstrap.config.names import environment_name_fault

    letters = "".join(one for one in user_name().lower() if one.isascii() and one.isalnum())
    name = letters[:20]
    return "mine" if environment_name_fault(name) else name


def who(run: RunRecord | None) -> str:
    """``that of ada on laptop``, by a run of an environment."""
    if run is None:
        return "somebody else's"
    return f"that of {run.user} on {run.host}" if run.host else f"that of {run.user}"


def _resources(found: Evidence) -> str:
    return count(found.state.resources if found.state else 0, "resource")
