"""``recover``: what a kill or a lost state left, and the way out of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zenstrap import invocation, stopping
from zenstrap.cli.options import Options
from zenstrap.cli.prompt import ask, can_ask
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import RefusedError, UsageError
from zenstrap.events import Event, Notice
from zenstrap.lifecycle.opening import lease_held
from zenstrap.platforms import platform_of
from zenstrap.running import Audience, Run
from zenstrap.views import json_view

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.lifecycle.recovering import Findings, Recovery
    from zenstrap.platforms.base import StatePlace


def recover(
    config: EnvironmentConfig, options: Options, owner: str | None, forget: str | None
) -> int:
    """Say what was found, do what is safe, and with consent what forgets something.

    Raises:
        LockHeldError: somebody is changing the environment.
        RefusedError: it can't be told whose it is; nobody could be asked; the answer was no.
        ZenstrapError: state, lease or ZenML can't be reached.
    """
    environment = config.environment
    if forget not in (None, environment):
        raise UsageError(f"--forget names {forget}, and this is {environment}")
    mended: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, Notice):  # a dead run's lease, lock, Terraform, state
            mended.append(event.text)

    stop = stopping.current()
    run = Run(
        platform_of(config), "recover", audience=Audience(emit=emit), interrupt=stop.interrupt
    )
    with (
        stop.finishing(stopping.saying("what was begun is finished first")),
        lease_held(run),
        zenml_client(debug=options.debug) as client,
    ):
        place = run.place
        assert place is not None, "the lease is held"
        found, recovery = _look(place, client, run, owner)
        lines = (*_locks(place, environment), *_lines(found, recovery))
        for line in (*mended, *lines):
            print(line, file=sys.stderr)
        if recovery.forget:
            _confirm(run, options, forget, found, recovery)
        done = (*mended, *_carry_out(recovery, found, place, client, run))
    _tell(environment, options, lines, done, lost=bool(recovery.loss))
    return 0


def _look(
    place: StatePlace, client: Client, run: Run, owner: str | None
) -> tuple[Findings, Recovery]:
    from zenstrap.lifecycle.recovering import decide, gather
    from zenstrap.lifecycle.rescuing import put_back
    from zenstrap.runs import fail_dead_runs

    put_back(place, client, run)
    found = gather(place, client, run)
    recovery = decide(found, owner=owner)
    run.past.owner = recovery.owner
    for name in fail_dead_runs(client, run.environment, recovery.owner):
        run.emit(Notice(f"Run {name} had been killed; it is marked as failed now."))
    return found, recovery


def _locks(place: StatePlace, environment: str) -> tuple[str, ...]:
    """What is locked still, though nothing of zenstrap's runs: somebody's, by hand."""
    held = place.locks.held(environment) if place.locks is not None else ()
    free = invocation.command("unlock", environment)
    return tuple(f"state lock: {lock}; if that is over, `{free}`" for lock in held)


def _lines(found: Findings, recovery: Recovery) -> tuple[str, ...]:
    from zenstrap.lifecycle.recovering import described

    return described(found, recovery)


def _carry_out(
    recovery: Recovery,
    found: Findings,
    place: StatePlace,
    client: Client,
    run: Run,
) -> tuple[str, ...]:
    from zenstrap.lifecycle.recovering import carry_out

    if recovery.loss and place.missing:
        place = run.platform.state_place(create=True)
    return carry_out(recovery, found, place, client, run)


def _confirm(
    run: Run,
    options: Options,
    forget: str | None,
    found: Findings,
    recovery: Recovery,
) -> None:
    environment = run.environment
    if recovery.copy is not None:
        how = f"put {recovery.copy.place} in its place, and forget what came after it"
    else:
        how = "go on without it"
    marked = found.marked(recovery.owner)
    takes = "what carries the owner's mark, and " if marked else ""
    print(
        f"The way out: {how}. The next `up` takes over {takes}what it finds by its name, makes "
        "the rest and tests every stack; a `down` takes away what it can find. What neither finds "
        "stays where it is.",
        file=sys.stderr,
    )
    if forget is not None:
        return
    if options.json or not can_ask():
        raise RefusedError(
            f"nobody could be asked whether the lost state of {environment} may be forgotten",
            why="There is no terminal, and nothing but the environment's name is consent to that",
            fix="If it is lost for good, run",
            command=invocation.again(environment, f"--forget={environment}", verb="recover"),
        )
    question = f"If it is lost for good, type {environment} to go ahead: "
    if ask(question, run.interrupt).strip() != environment:
        raise RefusedError(
            f"nothing of {environment} was forgotten",
            why="The answer was not its name",
            fix="Run it again",
            command=invocation.again(environment, verb="recover"),
        )


def _tell(
    environment: str,
    options: Options,
    found: tuple[str, ...],
    done: tuple[str, ...],
    *,
    lost: bool,
) -> None:
    if options.json:
        options.telling.result(json_view.recover_object(environment, found, done), 0)
        return
    for line in done if lost else ():
        print(line)
    if not done:
        print(f"{environment}: nothing to recover")
        return
    print("\nNext:")
    for verb in ("up", "down"):
        print(f"  {invocation.command(verb, environment)}")
