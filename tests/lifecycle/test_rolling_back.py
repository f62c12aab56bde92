"""Rollbacks that are killed and repeated: the same end as if nobody had killed them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal, get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.registry.model_registry import NOW, ModelRegistry
from tests.registry.samples import stack
from zenstrap.errors import RefusedError, UsageError
from zenstrap.lifecycle.rolling_back import where_to
from zenstrap.naming import alias_name
from zenstrap.registry.changes import Action, Kind
from zenstrap.registry.diff import diff
from zenstrap.registry.model import VERSION, DesiredRegistry
from zenstrap.registry.versions import promotion_record, promotions, versions_of
from zenstrap.runs import RunRecord

Kill = Literal["before the write", "after the write"]
PROJECTS = (None, "fraud")
VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "2.0.0")


@dataclass(frozen=True)
class Command:
    """``rollback``, with ``--to`` where there is a version, or an ``up`` to a version."""

    verb: Literal["up", "rollback"]
    project: str | None
    version: str | None
    kills: tuple[Kill, ...]


@dataclass
class World:
    """A registry, and the runs that ZenML has of it."""

    registry: ModelRegistry = field(default_factory=lambda: ModelRegistry("test"))
    runs: dict[str, RunRecord] = field(default_factory=dict)

    def run(self, command: Command, kill: Kill | None) -> type[Exception] | None:
        """One run of a command; the error with which it ended by itself."""
        name = f"run-{len(self.runs)}"
        self.runs[name] = record(name, command.verb, "failed")
        try:
            (self._up if command.verb == "up" else self._rollback)(command, name, kill)
        except (UsageError, RefusedError) as error:
            return type(error)
        if kill is None:
            self.runs[name] = record(name, command.verb, "completed")
        return None

    def _up(self, command: Command, name: str, kill: Kill | None) -> None:
        assert command.version is not None
        wanted = stack(command.version, command.project, f"/{command.version}")
        desired = DesiredRegistry("test", (wanted,))
        changes = diff(desired, self.registry.actual(), immutable_versions=True)
        written = [c for c in changes if c.action is not Action.DELETE]
        self.registry.carry_out(desired, [c for c in written if c.kind is not Kind.ALIAS])
        if kill != "before the write" and any(c.kind is Kind.ALIAS for c in written):
            self._move(wanted.name, command.project, name)

    def _rollback(self, command: Command, name: str, kill: Kill | None) -> None:
        actual = self.registry.actual()
        target, _ = where_to(actual, command.project, command.version, self.runs.get)
        if kill != "before the write":
            self._move(target.name, command.project, name)

    def _move(self, target: str, project: str | None, run: str) -> None:
        stacks, alias = self.registry.stacks, alias_name("test", project)
        at = NOW + timedelta(minutes=len(self.runs))
        labels = stacks[target].labels
        written = promotion_record(stacks.get(alias), labels[VERSION], at=at, run=run)
        stacks[alias] = replace(stacks[target], name=alias, labels={**labels, **written})

    def standing(self) -> list[object]:
        """What each alias has, had, and was rolled back from."""
        return [
            (
                found.current.labels[VERSION] if found.current else None,
                [one.labels[VERSION] for one in found.previous],
                {one.labels[VERSION] for one in found.rolled_back},
            )
            for found in (versions_of(self.registry.actual(), p) for p in PROJECTS)
        ]


def record(name: str, command: str, status: str) -> RunRecord:
    return RunRecord(name, name, command, status, None, None, "", "", None, None, None)


def promoted() -> World:
    """Where both aliases have something to go back to."""
    world = World()
    for project in PROJECTS:
        for version in VERSIONS[:3]:
            world.run(Command("up", project, version, ()), None)
    return world


projects = st.sampled_from(PROJECTS)
versions = st.sampled_from(VERSIONS)
kills = st.lists(st.sampled_from(get_args(Kill)), max_size=3).map(tuple)
commands = st.lists(
    st.builds(Command, st.just("up"), projects, versions, kills)
    | st.builds(Command, st.just("rollback"), projects, st.none() | versions, kills),
    max_size=12,
)


@given(commands)
def test_killed_and_repeated_is_as_if_never_killed(given_commands: list[Command]) -> None:
    killed, undisturbed = promoted(), promoted()
    for command in given_commands:
        ended = undisturbed.run(command, None)
        for kill in command.kills:
            if killed.run(command, kill) is not None:
                break
        assert killed.run(command, None) == ended
        assert killed.standing() == undisturbed.standing()


@given(commands)
def test_whatever_is_killed_nothing_of_the_record_is_lost(given_commands: list[Command]) -> None:
    world = promoted()
    had = {project: set(VERSIONS[:3]) for project in PROJECTS}
    for command in given_commands:
        world.run(command, command.kills[0] if command.kills else None)
        for project in PROJECTS:
            alias = world.registry.stacks[alias_name("test", project)]
            had[project].add(alias.labels[VERSION])
            kept = promotions(alias)
            assert sorted(p.version for p in kept) == sorted(had[project])
            assert (kept[0].version, kept[0].rolled_back_by) == (alias.labels[VERSION], None)
            assert all((p.rolled_back_by is None) == (p.rolled_back_at is None) for p in kept)
