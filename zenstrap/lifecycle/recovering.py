"""Recovers from a lost Terraform state: what is left of the environment, and how to continue.

``recover`` does only what needs a person's decision: it restores a copy of the state, or forgets
the records of the lost one. Resources with the owner's mark are imported by the next ``up`` or
``down``, which show that in their plans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zenstrap import runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RefusedError, StateGuardError
from zenstrap.invocation import again
from zenstrap.lifecycle.ownership import is_shared, registry_of, shown, who
from zenstrap.lifecycle.rescuing import look_at, rescued_states
from zenstrap.owner import Owner, new_owner
from zenstrap.platforms.base import StatePlace
from zenstrap.registry.zenml_reading import read_registry
from zenstrap.running import Run
from zenstrap.runs import RunRecord
from zenstrap.terraform.rescue import lineage_in
from zenstrap.terraform.state import StateIdentity, check_state, parse_state, resources_in
from zenstrap.user import user_name
from zenstrap.words import count

if TYPE_CHECKING:
    from zenml.client import Client


@dataclass(frozen=True)
class Copy:
    """A complete state outside of its place."""

    place: str
    identity: StateIdentity
    content: bytes

    def __repr__(self) -> str:  # it holds secrets
        return f"Copy({self.place}, {self.identity})"


@dataclass(frozen=True)
class Findings:
    """What is left of an environment.

    Attributes:
        place: where the state belongs.
        fragment: content in that place that isn't a valid state; None if it is valid or missing.
        owner: the owner's record beside the state.
        pasts: by owner's id, the newest run that recorded a state: of ``owner`` alone, or if it
            is None, of every owner. The id is empty for an environment older than owner ids.
        copies: copies of the state.
        marks: resources outside of the state with an owner's mark, each with that owner's id.
        stacks: by owner's id, the number of registered stacks.
        in_state: the ids in the marks of what is in the state.
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
    in_state: frozenset[str] = frozenset()

    def past(self, owner: str) -> RunRecord | None:
        """The newest run of an owner that recorded a state."""
        return dict(self.pasts).get(owner)

    def marked(self, owner: str) -> tuple[str, ...]:
        """The resources with an owner's mark."""
        return tuple(name for name, mark in self.marks if mark == owner)


@dataclass(frozen=True)
class Recovery:
    """What is wrong, and how to recover.

    Attributes:
        owner: id of the environment's owner; empty for a new owner.
        loss: what is wrong with the state; empty if nothing is.
        copy: the copy to restore.
        forget: whether the records of the lost state are forgotten.
        instead_of: id of the owner beside the state, if the environment gets another one.
    """

    owner: str
    loss: str = ""
    copy: Copy | None = None
    forget: bool = False
    instead_of: str = ""


def gather(place: StatePlace, client: Client, run: Run) -> Findings:
    """Collect everything that is left. Changes nothing.

    Raises:
        DamagedOwnerError: the owner's record beside the state can't be read.
        AuthenticationError, PlatformError: the platform can't be reached, or refused.
    """
    environment = run.environment
    state, fragment = look_at(place, environment)
    content = place.storage.content(environment) if state is not None else None
    owner = place.owners.read()
    in_state = resources_in(content, where=place.storage.place(environment)) if content else ()
    everything = run.platform.marks(())
    marks = run.platform.marks(in_state) if everything and in_state else everything
    return Findings(
        environment=environment,
        place=place.storage.place(environment),
        state=state,
        fragment=fragment,
        owner=owner,
        pasts=_pasts(client, environment, owner),
        copies=tuple(_copies(run.config, place)),
        marks=marks,
        stacks=_stacks(client, environment),
        in_state=frozenset(mark for name, mark in everything if (name, mark) not in marks),
    )


def decide(findings: Findings, *, owner: str | None = None) -> Recovery:
    """How to recover. Pure.

    Args:
        owner: the owner's id as given by the user.

    Raises:
        RefusedError: the owner can't be determined or is another one, or the state is in another
            place.
    """
    owner_id = _owner_id(findings, owner)
    if findings.owner is not None and findings.owner.id != owner_id:
        return _given_to(findings, findings.owner.id, owner_id)
    record = findings.past(owner_id)
    if record is None and not owner_id:
        record = findings.past("")
    if record is not None and owner is None and _is_elsewhere(findings, record):
        raise _moved(findings, record, owner_id)
    recorded = record.state if record else None
    if findings.owner is not None and _was_taken_down(findings, record):
        return Recovery(owner_id)
    loss = _loss(findings, owner_id, record)
    if not loss:
        return Recovery(owner_id)
    lineages = set()
    if recorded and (recorded.resources or findings.state is not None):
        lineages = {recorded.lineage}
    if not lineages and findings.fragment and (lineage := lineage_in(findings.fragment)):
        lineages = {lineage}
    usable = [c for c in findings.copies if not lineages or c.identity.lineage in lineages]
    copy = max(usable, key=lambda candidate: candidate.identity.serial, default=None)
    if copy is not None and findings.state is not None:
        same = findings.state.lineage == copy.identity.lineage
        copy = None if same and copy.identity.serial <= findings.state.serial else copy
    complete = (
        copy is not None
        and recorded is not None
        and copy.identity.lineage == recorded.lineage
        and copy.identity.serial >= recorded.serial
    )
    return Recovery(owner_id, loss, copy, forget=not complete)


def _given_to(findings: Findings, before: str, owner: str) -> Recovery:
    """The recovery of an environment whose owner file names the wrong owner, who has nothing."""
    recovery = decide(replace(findings, owner=None), owner=owner)
    loss = recovery.loss or f"the owner file beside it names {before}"
    return replace(recovery, loss=loss, instead_of=before)


def carry_out(
    recovery: Recovery,
    findings: Findings,
    place: StatePlace,
    client: Client,
    run: Run,
) -> tuple[str, ...]:
    """Carry out the recovery; returns what was done, one line each.

    Raises:
        OSError, PlatformError: it can't be written.
    """
    if not recovery.loss:
        return ()
    environment, done = findings.environment, []
    run.guard()
    owner = findings.owner
    record = findings.past(recovery.owner)
    if owner is None or recovery.instead_of:
        is_up = findings.state is not None and findings.state.resources
        # Only `up --this-zenml` moves an environment that is up to another ZenML.
        registry = owner.registry if owner is not None and is_up else registry_of(client)
        owner = new_owner(environment, user_name(), registry, id=recovery.owner or None)
        place.owners.write(owner)
    if recovery.instead_of:
        done.append(f"the owner is {owner.id} again, instead of {recovery.instead_of}")
    if recovery.copy is not None:
        place.storage.write(environment, recovery.copy.content)
        done.append(f"{recovery.copy.place} is the state now")
    elif findings.fragment is not None or _is_foreign(findings, record):
        kept = place.storage.set_aside(environment)
        done.append(f"the file in the state's place is kept: {kept}")
    if record is not None and record.state is not None:
        runs.claim_runs(client, environment, owner.id, record.state.lineage)
    if recovery.forget:
        now = datetime.now(UTC)
        began = record.began if record else None
        # The last write: it unblocks the next run. If recover is killed before it, the next
        # recover finds the state still lost. Another machine's clock may be ahead of ours.
        place.owners.write(owner.forgetting(max(now, began) if began else now))
        done.append("the runs' records of the lost state are forgotten")
    return tuple(done)


def _owner_id(findings: Findings, wanted: str | None) -> str:
    """The owner's id: from marked resources in this place, else from runs of this machine."""
    marked = {mark for _, mark in findings.marks}
    seen = {id_ for id_, _ in findings.pasts} | {id_ for id_, _ in findings.stacks}
    seen |= marked | findings.in_state
    if wanted is not None:
        _require_no_contradiction(findings, wanted, seen)
        return wanted
    if findings.owner is not None:
        foreign = (marked | findings.in_state) - {findings.owner.id}
        if foreign and findings.owner.forgotten_at is None and not _owned(findings, findings.owner):
            raise _of_another(findings, findings.owner, sorted(foreign))
        return findings.owner.id
    ran_here = {id_ for id_, run in findings.pasts if _ran_here(findings, run)}
    for group in (set(findings.in_state), marked, ran_here):
        if len(group) == 1:
            return group.pop()
    others = sorted(seen - {""})
    if not others and "" not in seen:
        return ""
    if not others:
        raise RefusedError(
            f"the owner of {findings.environment} can't be determined",
            where=findings.place,
            why=f"ZenML has an environment of this name, {who(findings.past(''))}",
            fix="If it is yours, run recover on the machine where you ran it",
        )
    known = dict(findings.pasts)
    owners = "; ".join(f"{id_} ({who(known.get(id_))})" for id_ in others)
    raise RefusedError(
        f"the owner of {findings.environment} can't be determined",
        where=findings.place,
        why=f"ZenML has an environment of this name, of owner {owners}",
        fix="If it is yours and its state is lost for good, name its owner's id",
        command=again(findings.environment, f"--owner={others[0]}", verb="recover"),
    )


def _require_no_contradiction(findings: Findings, wanted: str, seen: set[str]) -> None:
    """Check that nothing speaks against the owner whom the user names.

    Raises:
        RefusedError: something does; the message says what.
    """
    environment, owner = findings.environment, findings.owner
    if owner is not None and owner.id == wanted:
        return
    if wanted not in seen:
        beside = f"The owner file beside the state names {owner.id}. " if owner else ""
        known = ", ".join(sorted(seen - {""})) or "none"
        raise RefusedError(
            f"there is no environment {environment} of owner {wanted}",
            where=findings.place,
            why=f"{beside}Other owners that marks, runs or stacks name: {known}",
            fix="Run it with one of these ids, or without --owner",
        )
    if owner is not None and (owned := _owned(findings, owner)):
        raise RefusedError(
            f"{environment} belongs to owner {owner.id}, not to {wanted}",
            where=findings.place,
            why=f"The owner file beside the state names {owner.id}, and {owned}",
            fix=f"Run it without --owner. It can be given to {wanted} after a `down`",
        )
    marks = findings.in_state or {mark for _, mark in findings.marks}
    if marks and wanted not in marks:
        raise RefusedError(
            f"{environment} is not the environment of owner {wanted}",
            where=findings.place,
            why=f"What is there has the mark of owner {' and '.join(sorted(marks))}",
            fix="Run it with that id, if that environment is yours, or without --owner",
        )
    if findings.state is None or not findings.state.resources:
        return
    for id_, past in findings.pasts:
        same = past.state is not None and past.state.lineage == findings.state.lineage
        if same and id_ not in ("", wanted):
            raise RefusedError(
                f"{environment} is not the environment of owner {wanted}",
                where=findings.place,
                why=f"The state is the one that run {past.name} of owner {id_} recorded",
                fix="Run it without --owner",
            )


def _owned(findings: Findings, owner: Owner) -> str:
    """What shows that the owner beside the state is the right one; empty if nothing does."""
    state, record = findings.state, findings.past(owner.id)
    if findings.fragment is not None and findings.fragment.strip():
        return "what is left of the state may be theirs"
    theirs = not findings.in_state or owner.id in findings.in_state
    if state is not None and state.resources and theirs:
        return f"the state holds {count(state.resources, 'resource')}"
    if record is not None and record.state is not None and record.state.resources:
        ends = [at for at in (owner.taken_down_at, owner.forgotten_at) if at is not None]
        if not any(record.is_forgotten(at) for at in ends):
            return f"run {record.name} recorded {count(record.state.resources, 'resource')}"
    if stacks := dict(findings.stacks).get(owner.id, 0):
        return f"{count(stacks, 'stack')} of theirs {'is' if stacks == 1 else 'are'} registered"
    if marked := findings.marked(owner.id):
        return f"{shown(marked)} {'has' if len(marked) == 1 else 'have'} their mark"
    return ""


def _of_another(findings: Findings, owner: Owner, others: Sequence[str]) -> RefusedError:
    """The error for the traces of an `up` that created a new owner after everything was lost."""
    names = [name for name, mark in findings.marks if mark in others] or [findings.place]
    return RefusedError(
        f"the owner file of {findings.environment} names another owner than what is there",
        where=findings.place,
        why=f"It names {owner.id}, of whom there is nothing else; {shown(names)} "
        f"{'has' if len(names) == 1 else 'have'} the mark of owner {' and '.join(others)}",
        fix="If that environment is yours, too, and its state is lost, name its owner's id",
        command=again(findings.environment, f"--owner={others[0]}", verb="recover"),
    )


def _ran_here(findings: Findings, run: RunRecord) -> bool:
    if run.place:
        return run.place == findings.place and (is_shared(run.place) or run.is_of_this_machine)
    return run.is_of_this_machine


def _is_elsewhere(findings: Findings, record: RunRecord) -> bool:
    """Whether the configured place was changed, and the state wasn't moved there."""
    if findings.owner is not None or record.place in ("", findings.place):
        return False
    return is_shared(record.place) or record.is_of_this_machine


def _moved(findings: Findings, record: RunRecord, owner_id: str) -> RefusedError:
    return RefusedError(
        f"the state of {findings.environment} is in another place",
        where=record.place,
        why=f"Run {record.name} left it there; the configured place is {findings.place}",
        fix="Set state.bucket, state.prefix or ZENSTRAP_HOME back, or move everything from the old "
        "place to the new one. If the state is lost there, too, name its owner",
        command=again(findings.environment, f"--owner={owner_id}", verb="recover"),
    )


def _loss(findings: Findings, owner_id: str, record: RunRecord | None) -> str:
    if findings.fragment is not None:
        return "it is empty" if not findings.fragment.strip() else "it is damaged"
    decided = findings.owner.forgotten_at if findings.owner is not None else None
    if decided is not None and (record is None or record.is_forgotten(decided)):
        return ""  # the next run continues without it
    try:
        check_state(record.state if record else None, findings.state)
    except StateGuardError as error:
        return error.what.replace("the state", "it", 1)
    if findings.state is None or not findings.state.resources:
        registered = dict(findings.stacks).get(owner_id, 0)
        if registered or (findings.owner is None and findings.marked(owner_id)):
            return "it is missing" if findings.state is None else "it is empty"
    return ""


def _was_taken_down(findings: Findings, record: RunRecord | None) -> bool:
    assert findings.owner is not None
    at = findings.owner.taken_down_at
    if at is None or findings.fragment is not None or (findings.state and findings.state.resources):
        return False
    return record is None or record.began is None or record.began < at


def _is_foreign(findings: Findings, record: RunRecord | None) -> bool:
    recorded = record.state if record else None
    return bool(
        findings.state
        and recorded
        and recorded.resources
        and findings.state.lineage != recorded.lineage
    )


def _pasts(
    client: Client, environment: str, owner: Owner | None
) -> tuple[tuple[str, RunRecord], ...]:
    if owner is None:
        return tuple(sorted(runs.last_states(client, environment).items()))
    last = runs.last_state(client, environment, owner.id)
    return ((owner.id, last),) if last else ()


def _stacks(client: Client, environment: str) -> tuple[tuple[str, int], ...]:
    from zenstrap.registry.model import OWNER

    counts = Counter(
        stack.labels.get(OWNER, "") for stack in read_registry(client, environment).our_stacks
    )
    return tuple(sorted(counts.items()))


def _copies(config: EnvironmentConfig, place: StatePlace) -> Sequence[Copy]:
    copies = [
        Copy(str(state.file), state.identity, state.content)
        for state in rescued_states(config, place)
        if state.is_proven
    ]
    for where, content in place.storage.copies(config.environment):
        try:
            copies.append(Copy(where, parse_state(content, where=where), content))
        except StateGuardError:
            continue
    return copies


def described(findings: Findings, recovery: Recovery) -> tuple[str, ...]:
    """The findings, one line each."""
    record = findings.past(recovery.owner)
    recorded = record.state if record else None
    lines = []
    if findings.state is not None:
        held = count(findings.state.resources, "resource")
        lines.append(f"state: {held}, serial {findings.state.serial} ({findings.place})")
    else:
        lines.append(f"state: {recovery.loss or 'none'} ({findings.place})")
    if recovery.loss and findings.state is not None:
        lines.append(f"problem: {recovery.loss}")
    if record is not None and recorded is not None:
        at = f", in {record.place}" if record.place and record.place != findings.place else ""
        lines.append(
            f"recorded: {count(recorded.resources, 'resource')}, serial {recorded.serial}{at}, by "
            f"run {record.name} ({who(record)})"
        )
    if recovery.instead_of:
        lines.append(f"owner: {recovery.owner}, instead of {recovery.instead_of}, who has nothing")
    elif findings.owner is not None:
        owner = findings.owner
        lines.append(f"owner: {owner.id}, created by {owner.user} on {owner.host}")
    elif recovery.owner:
        lines.append(f"owner: its file is lost; the remaining records name {recovery.owner}")
    if stacks := dict(findings.stacks).get(recovery.owner, 0):
        lines.append(f"registered in ZenML: {count(stacks, 'stack')}")
    for name in findings.marked(recovery.owner):
        lines.append(f"not in the state, with the owner's mark: {name}")
    for copy in findings.copies:
        lines.append(
            f"copy: {copy.place}: {count(copy.identity.resources, 'resource')}, "
            f"serial {copy.identity.serial}"
        )
    return tuple(lines)
