"""The way out of a state that is lost: what is left of the environment, and what can be done.

Only what nobody could do without a person's decision is done here: a copy of the state is put in
its place, or what was recorded of it is forgotten. What carries the owner's mark is taken over by
the next ``up`` or ``down``, which show it in their plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RefusedError, StateGuardError
from zenstrap.invocation import again
from zenstrap.lifecycle.ownership import is_shared, registry_of, who
from zenstrap.lifecycle.rescuing import look_at, rescued_states
from zenstrap.owner import Owner, new_owner
from zenstrap.platforms.base import StatePlace
from zenstrap.registry.zenml_reading import read_registry
from zenstrap.reports import count
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.rescue import lineage_in
from zenstrap.terraform.state import StateIdentity, check_state, parse_state, resources_in
from zenstrap.user import user_name

if TYPE_CHECKING:
    from zenml.client import Client

_RUNS = 200  # that are looked through for whose environment of this name there is


@dataclass(frozen=True)
class Copy:
    """A whole state that lies somewhere else than in its place."""

    place: str
    identity: StateIdentity
    content: bytes

    def __repr__(self) -> str:  # it holds secrets
        return f"Copy({self.place}, {self.identity})"


@dataclass(frozen=True)
class Findings:
    """What is left of an environment.

    Attributes:
        place: of the state.
        fragment: what lies there and is no state; None where nothing does, or a state.
        owner: what lies beside the state.
        pasts: the newest run that recorded a state, for each owner's id that ZenML knows; empty
            for an environment from before there were owners.
        copies: of the state.
        marks: what is there, isn't in the state and carries an owner's mark, with that owner's id.
        stacks: how many are registered, for each owner's id.
    """

    environment: str
    place: str
    state: StateIdentity | None
    fragment: bytes | None
    owner: Owner | None
    pasts: tuple[tuple[str, RunRecord], ...] = ()
    copies: tuple[Copy, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    stacks: tuple[tuple[str, int], ...] = ()

    def past(self, owner: str) -> RunRecord | None:
        """The newest run of an owner that recorded a state."""
        return dict(self.pasts).get(owner)

    def marked(self, owner: str) -> tuple[str, ...]:
        """What carries an owner's mark."""
        return tuple(name for name, mark in self.marks if mark == owner)


@dataclass(frozen=True)
class Recovery:
    """What is wrong, and what would be done about it.

    Attributes:
        owner: whose the environment is; empty for a new owner.
        loss: what is wrong with the state; empty where nothing is.
        copy: what is put in its place.
        forget: what was recorded of the state is given up.
    """

    owner: str
    loss: str = ""
    copy: Copy | None = None
    forget: bool = False


def gather(place: StatePlace, client: Client, run: Run) -> Findings:
    """Look at everything that is left. Changes nothing.

    Raises:
        DamagedOwnerError: what lies beside the state can't be read.
        AuthenticationError, PlatformError: the platform can't be asked, or said no.
    """
    environment = run.environment
    state, fragment = look_at(place, environment)
    content = place.storage.content(environment) if state is not None else None
    in_state = resources_in(content, where=place.storage.place(environment)) if content else ()
    return Findings(
        environment=environment,
        place=place.storage.place(environment),
        state=state,
        fragment=fragment,
        owner=place.owners.read(),
        pasts=_pasts(client, environment),
        copies=tuple(_copies(run.config, place)),
        marks=run.platform.marks(in_state),
        stacks=_stacks(client, environment),
    )


def decide(found: Findings, *, owner: str | None = None) -> Recovery:
    """What to do. Pure.

    Args:
        owner: whose the environment is, in the words of the user.

    Raises:
        RefusedError: it can't be told whose the environment is, or its state lies elsewhere.
    """
    whose = _whose(found, owner)
    record = found.past(whose)
    if record is None and not whose:
        record = found.past("")
    if record is not None and owner is None and _lies_elsewhere(found, record):
        raise _moved(found, record, whose)
    recorded = record.state if record else None
    if found.owner is not None and _was_taken_down(found, record):
        return Recovery(whose)
    loss = _loss(found, whose, record)
    if not loss:
        return Recovery(whose)
    lineages = set()
    if recorded and (recorded.resources or found.state is not None):
        lineages = {recorded.lineage}
    if not lineages and found.fragment and (told := lineage_in(found.fragment)):
        lineages = {told}
    usable = [one for one in found.copies if not lineages or one.identity.lineage in lineages]
    copy = max(usable, key=lambda one: one.identity.serial, default=None)
    if copy is not None and found.state is not None:
        same = found.state.lineage == copy.identity.lineage
        copy = None if same and copy.identity.serial <= found.state.serial else copy
    complete = (
        copy is not None
        and recorded is not None
        and copy.identity.lineage == recorded.lineage
        and copy.identity.serial >= recorded.serial
    )
    return Recovery(whose, loss, copy, forget=not complete)


def carry_out(
    recovery: Recovery,
    found: Findings,
    place: StatePlace,
    client: Client,
    run: Run,
) -> tuple[str, ...]:
    """Do it; tells what was done.

    Raises:
        OSError, PlatformError: it can't be written.
    """
    if not recovery.loss:
        return ()
    environment, done = found.environment, []
    run.guard()
    owner = found.owner or new_owner(
        environment, user_name(), registry_of(client), id=recovery.owner or None
    )
    record = found.past(recovery.owner)
    if found.owner is None:
        place.owners.write(owner)
    if recovery.copy is not None:
        place.storage.write(environment, recovery.copy.content)
        done.append(f"{recovery.copy.place} is the state now")
    elif found.fragment is not None or _is_foreign(found, record):
        kept = place.storage.set_aside(environment)
        done.append(f"what lay in the state's place is kept: {kept}")
    if record is not None and record.state is not None:
        runs.claim_runs(client, environment, owner.id, record.state.lineage)
    if recovery.forget:
        now = datetime.now(UTC)
        began = record.began if record else None
        # The last of all: a run is let through from now on. Killed before it, the next recover
        # finds the state still lost. Another machine's clock may be ahead of ours.
        place.owners.write(owner.forgetting(max(now, began) if began else now))
        done.append("what runs recorded of the lost state is forgotten")
    return tuple(done)


def _whose(found: Findings, wanted: str | None) -> str:
    """The owner's id: what lies here decides, then who ran it from here."""
    if found.owner is not None:
        return found.owner.id
    seen = {one for one, _ in found.pasts} | {one for one, _ in found.stacks}
    seen |= {mark for _, mark in found.marks}
    if wanted is not None:
        if wanted in seen:
            return wanted
        raise RefusedError(f"there is no {found.environment} of owner {wanted}", where=found.place)
    here = {mark for _, mark in found.marks}
    mine = {id_ for id_, run in found.pasts if _ran_here(found, run)}
    for group in (here, mine):
        if len(group) == 1:
            return group.pop()
    others = sorted(seen - {""})
    if not others and "" not in seen:
        return ""
    if not others:
        raise RefusedError(
            f"nothing here tells whose {found.environment} is",
            where=found.place,
            why=f"ZenML has one of this name, and it is {who(found.past(''))}",
            fix="If it is yours, run this where you ran that",
        )
    known = dict(found.pasts)
    told = "; ".join(f"{one} ({who(known.get(one))})" for one in others)
    raise RefusedError(
        f"nothing here tells whose {found.environment} is",
        where=found.place,
        why=f"ZenML has one of this name, of owner {told}",
        fix="If it is yours and its state is lost for good, say so by its owner's id",
        command=again(found.environment, f"--owner={others[0]}", verb="recover"),
    )


def _ran_here(found: Findings, run: RunRecord) -> bool:
    if run.place:
        return run.place == found.place and (is_shared(run.place) or run.is_of_this_machine)
    return run.is_of_this_machine


def _lies_elsewhere(found: Findings, record: RunRecord) -> bool:
    """Whether the place of the state was changed, and what lies there was not brought along."""
    if found.owner is not None or record.place in ("", found.place):
        return False
    return is_shared(record.place) or record.is_of_this_machine


def _moved(found: Findings, record: RunRecord, whose: str) -> RefusedError:
    return RefusedError(
        f"the state of {found.environment} lies in another place",
        where=record.place,
        why=f"Run {record.name} left it there, and now {found.place} is asked for",
        fix="Set state.bucket, state.prefix or ZENSTRAP_HOME back, or bring all that lies there "
        "along. If it is lost there too, say whose it was",
        command=again(found.environment, f"--owner={whose}", verb="recover"),
    )


def _loss(found: Findings, whose: str, record: RunRecord | None) -> str:
    if found.fragment is not None:
        return "it is empty" if not found.fragment.strip() else "it is damaged"
    decided = found.owner.forgotten_at if found.owner is not None else None
    if decided is not None and (record is None or record.is_forgotten(decided)):
        return ""  # the next run goes on
    try:
        check_state(record.state if record else None, found.state)
    except StateGuardError as error:
        return error.what.replace("the state", "it", 1)
    if found.state is None or not found.state.resources:
        stands = dict(found.stacks).get(whose, 0)
        if stands or (found.owner is None and found.marked(whose)):
            return "it is missing" if found.state is None else "it is empty"
    return ""


def _was_taken_down(found: Findings, record: RunRecord | None) -> bool:
    assert found.owner is not None
    at = found.owner.taken_down_at
    if at is None or found.fragment is not None or (found.state and found.state.resources):
        return False
    return record is None or record.began is None or record.began < at


def _is_foreign(found: Findings, record: RunRecord | None) -> bool:
    recorded = record.state if record else None
    return bool(
        found.state and recorded and recorded.resources and found.state.lineage != recorded.lineage
    )


def _pasts(client: Client, environment: str) -> tuple[tuple[str, RunRecord], ...]:
    newest: dict[str, RunRecord] = {}
    for run in runs.recent_runs(client, environment, "", limit=_RUNS):
        if run.state is not None:
            newest.setdefault(run.owner, run)
    for owner in {run.owner for run in newest.values()} - {""}:
        last = runs.last_state(client, environment, owner)
        newest[owner] = last or newest[owner]
    return tuple(sorted(newest.items()))


def _stacks(client: Client, environment: str) -> tuple[tuple[str, int], ...]:
    from zenstrap.registry.model import OWNER

    found: dict[str, int] = {}
    for stack in read_registry(client, environment).our_stacks:
        owner = stack.labels.get(OWNER, "")
        found[owner] = found.get(owner, 0) + 1
    return tuple(sorted(found.items()))


def _copies(config: EnvironmentConfig, place: StatePlace) -> Sequence[Copy]:
    found = [
        Copy(str(one.file), one.identity, one.content)
        for one in rescued_states(config, place)
        if one.is_proven
    ]
    for where, content in place.storage.copies(config.environment):
        try:
            found.append(Copy(where, parse_state(content, where=where), content))
        except StateGuardError:
            continue
    return found


def described(found: Findings, recovery: Recovery) -> tuple[str, ...]:
    """What was found, one line each."""
    record = found.past(recovery.owner)
    recorded = record.state if record else None
    lines = []
    if found.state is not None:
        held = count(found.state.resources, "resource")
        lines.append(f"state: {held}, serial {found.state.serial} ({found.place})")
    else:
        lines.append(f"state: {recovery.loss or 'there is none'} ({found.place})")
    if recovery.loss and found.state is not None:
        lines.append(f"wrong with it: {recovery.loss}")
    if record is not None and recorded is not None:
        at = f", in {record.place}" if record.place and record.place != found.place else ""
        lines.append(
            f"recorded: {count(recorded.resources, 'resource')}, serial {recorded.serial}{at}, by "
            f"run {record.name}, {who(record)}"
        )
    if found.owner is not None:
        owner = found.owner
        lines.append(f"owner: {owner.id}, made by {owner.user} on {owner.host}")
    elif recovery.owner:
        lines.append(f"owner: its file is lost; {recovery.owner}, as what is left says")
    if stacks := dict(found.stacks).get(recovery.owner, 0):
        lines.append(f"registered in ZenML: {count(stacks, 'stack')}")
    for name in found.marked(recovery.owner):
        lines.append(f"not in the state, with its owner's mark: {name}")
    for copy in found.copies:
        lines.append(
            f"copy: {copy.place}: {count(copy.identity.resources, 'resource')}, "
            f"serial {copy.identity.serial}"
        )
    return tuple(lines)
