"""``recover``: reports what a killed run or a lost state left, and recovers from it."""

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
    """Report the findings, do what is safe, and with consent continue without a lost state.

    Raises:
        LockHeldError: another run is changing the environment.
        RefusedError: the owner can't be determined, no prompt was possible, or the answer was no.
        NameTakenError, StateGuardError: the state is fine, but the next run would be refused: the
            environment is registered in another ZenML, for example.
        ZenstrapError: state, lease or ZenML can't be reached.
    """
    environment = config.environment
    if forget not in (None, environment):
        raise UsageError(f"--forget names {forget}, but the environment is {environment}")
    repaired: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, Notice):  # about a dead run's lease, lock, Terraform or state
            repaired.append(event.text)

    stop = stopping.current()
    run = Run(
        platform_of(config), "recover", audience=Audience(emit=emit), interrupt=stop.interrupt
    )
    with (
        stop.finishing(stopping.saying("the operation in progress is finished first")),
        lease_held(run),
        zenml_client(debug=options.debug) as client,
    ):
        place = run.place
        assert place is not None, "the lease is held"
        findings, recovery = _gather_and_decide(place, client, run, owner)
        lines = (*_locks(place, environment), *_lines(findings, recovery))
        for line in (*repaired, *lines):
            print(line, file=sys.stderr)
        if not recovery.loss:
            _require_usable(place, client, run)
        if recovery.forget:
            _confirm(run, options, forget, findings, recovery)
        done = (*repaired, *_carry_out(recovery, findings, place, client, run))
    _print_result(environment, options, lines, done, lost=bool(recovery.loss))
    return 0


def _gather_and_decide(
    place: StatePlace, client: Client, run: Run, owner: str | None
) -> tuple[Findings, Recovery]:
    from zenstrap.lifecycle.recovering import decide, gather
    from zenstrap.lifecycle.rescuing import put_back
    from zenstrap.runs import fail_dead_runs

    put_back(place, client, run)
    findings = gather(place, client, run)
    recovery = decide(findings, owner=owner)
    run.past.owner = recovery.owner
    for name in fail_dead_runs(client, run.environment, recovery.owner):
        run.emit(Notice(f"Run {name} was killed; it is now marked as failed."))
    return findings, recovery


def _require_usable(place: StatePlace, client: Client, run: Run) -> None:
    """Check that the next run isn't refused for another reason, and refuse for the same one."""
    from zenstrap.lifecycle.ownership import decide, gather

    decide(gather(run.platform, place, client), this_zenml=False)


def _locks(place: StatePlace, environment: str) -> tuple[str, ...]:
    """State locks that remain although no zenstrap run is alive: from Terraform run by hand."""
    held = place.locks.held(environment) if place.locks is not None else ()
    free = invocation.command("unlock", environment)
    return tuple(f"state lock: {lock}; if its holder has ended, run `{free}`" for lock in held)


def _lines(findings: Findings, recovery: Recovery) -> tuple[str, ...]:
    from zenstrap.lifecycle.recovering import described

    return described(findings, recovery)


def _carry_out(
    recovery: Recovery,
    findings: Findings,
    place: StatePlace,
    client: Client,
    run: Run,
) -> tuple[str, ...]:
    from zenstrap.lifecycle.recovering import carry_out

    if recovery.loss and place.missing:
        place = run.platform.state_place(create=True)
    return carry_out(recovery, findings, place, client, run)


def _confirm(
    run: Run,
    options: Options,
    forget: str | None,
    findings: Findings,
    recovery: Recovery,
) -> None:
    environment = run.environment
    if recovery.copy is not None:
        how = f"restore the copy {recovery.copy.place}, and forget what came after it"
    else:
        how = "continue without the lost state"
    marked = findings.marked(recovery.owner)
    imported = "resources with the owner's mark, and " if marked else ""
    print(
        f"To recover: {how}. The next `up` imports {imported}what it finds by name, creates the "
        "rest and tests every stack; `down` removes what it can find. Resources that neither finds "
        "stay.",
        file=sys.stderr,
    )
    if forget is not None:
        return
    if options.json or not can_ask():
        raise RefusedError(
            f"continuing without the lost state of {environment} needs consent",
            why="There is no terminal to ask on, and --yes is not enough for this",
            fix="If it is lost for good, run",
            command=invocation.again(environment, f"--forget={environment}", verb="recover"),
        )
    question = f"If it is lost for good, type {environment} to go ahead: "
    if ask(question, run.interrupt).strip() != environment:
        raise RefusedError(
            f"the lost state of {environment} was not forgotten",
            why="The answer was not the environment's name",
            fix="Run it again",
            command=invocation.again(environment, verb="recover"),
        )


def _print_result(
    environment: str,
    options: Options,
    findings: tuple[str, ...],
    done: tuple[str, ...],
    *,
    lost: bool,
) -> None:
    if options.json:
        options.telling.result(json_view.recover_object(environment, findings, done), 0)
        return
    for line in done if lost else ():
        print(line)
    if not done:
        print(f"{environment}: nothing to recover")
        return
    print("\nNext:")
    for verb in ("up", "down"):
        print(f"  {invocation.command(verb, environment)}")
