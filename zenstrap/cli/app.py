"""The commands and their options. Each command's own module is imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from zenstrap import invocation
from zenstrap.cli.options import Options
from zenstrap.cli.telling import Telling

Command = TypeVar("Command", bound=Callable[..., Any])

HELP: Final = ("-h", "--help")


_ENV = click.option("--env", "environment", required=True, metavar="NAME", help="The environment.")
_NAME = click.option(
    "--name",
    metavar="NAME",
    help="Another name for an environment with the configuration of --env, for example for "
    "a second user of the same ZenML server.",
)
_JSON = click.option("--json", is_flag=True, help="Print one JSON object at the end.")
_EVENTS = click.option("--events", is_flag=True, help="Print one JSON object per event.")
_YES = click.option("--yes", is_flag=True, help="Don't ask; go ahead.")
_ADOPT = click.option(
    "--adopt",
    multiple=True,
    metavar="NAME",
    help="Take over a stack, component or connector that isn't managed by zenstrap. Repeatable.",
)
_THIS_ZENML = click.option(
    "--this-zenml",
    is_flag=True,
    help="Use the connected ZenML; the one that the environment was registered in is gone.",
)
_DEBUG = click.option(
    "--debug", is_flag=True, help="Show tracebacks and the logs of zenstrap and ZenML."
)


def _options(*extra: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in (_DEBUG, *reversed(extra), _NAME, _ENV):
            command = option(command)
        return command

    return decorate


@click.group(
    context_settings={"help_option_names": HELP, "max_content_width": 100},
    epilog=f"`{invocation.PROGRAM} --env NAME` is short for `{invocation.PROGRAM} up --env NAME`. "
    "Exit codes: 0 done, 1 failed, 2 changes present (plan), 3 authentication, 4 lease or state "
    "lock held, 5 refused by policy or not approved (plan too, where `up` would be refused), "
    "6 smoke test failed, 7 partly done, 64 usage or configuration, 130 interrupted.",
)
@click.version_option(package_name="zenstrap", prog_name="zenstrap")
def app() -> None:
    """Create ZenML stacks and their infrastructure from YAML, smoke-test them, and remove them."""


@app.command()
@_options(_YES, _ADOPT, _THIS_ZENML, _JSON, _EVENTS)
def up(**options: Any) -> int:
    """Bring an environment to its configuration: provision, register, smoke-test, promote."""
    return _call("lifecycle", "up", Options(**options))


@app.command()
@_options(_ADOPT, _THIS_ZENML, _JSON, _EVENTS)
def plan(**options: Any) -> int:
    """Show what `up` would change, and change nothing. Exit code 2 if there are changes."""
    return _call("lifecycle", "plan", Options(**options))


@app.command()
@_options(_YES, _THIS_ZENML, _JSON, _EVENTS)
def down(**options: Any) -> int:
    """Remove an environment, registrations and infrastructure, and verify that nothing is left."""
    return _call("lifecycle", "down", Options(**options))


@app.command()
@_options(
    _YES,
    _JSON,
    _EVENTS,
    click.option(
        "--project",
        metavar="NAME",
        help="The ML project whose stack is rolled back; by default the base stack.",
    ),
    click.option(
        "--to", metavar="X.Y.Z", help="The version to roll back to; by default the previous one."
    ),
    click.option(
        "--no-smoke-test", "smoke_test", flag_value=False, default=True, help="Skip the smoke test."
    ),
)
def rollback(project: str | None, to: str | None, smoke_test: bool, **options: Any) -> int:
    """Roll a stack's alias back to an earlier version, after a smoke test of that version."""
    return _call("lifecycle", "rollback", Options(**options), project, to, smoke_test)


@app.command()
@_options(_JSON)
def status(**options: Any) -> int:
    """Show the current stacks, their versions and smoke tests, the last run and the lease."""
    return _call("status", "status", Options(**options))


@app.command()
@_options(
    _JSON,
    click.option(
        "--limit",
        type=click.IntRange(1, 1000),
        default=20,
        show_default=True,
        metavar="N",
        help="At most N runs.",
    ),
)
def history(limit: int, **options: Any) -> int:
    """List the environment's runs, newest first."""
    return _call("history", "history", Options(**options), limit)


@app.command()
@_JSON
@_DEBUG
def envs(json: bool, debug: bool) -> int:
    """List the environments: those with a file, and those that only ZenML or a state knows."""
    from zenstrap.cli.envs import envs

    return envs(click.get_current_context().obj or Telling(), json=json, debug=debug)


@app.command()
@_options(
    _JSON,
    click.option(
        "--check",
        is_flag=True,
        help="Also let ZenML check the settings in its own words, which takes seconds.",
    ),
)
def config(check: bool, **options: Any) -> int:
    """Print the merged, validated configuration of an environment."""
    return _call("config", "config", Options(**options), check)


@app.command()
@_options(_JSON)
def doctor(**options: Any) -> int:
    """Check everything that a run needs, and show how to fix what is missing."""
    return _call("doctor", "doctor", Options(**options))


@app.command()
@_options(_YES, _JSON)
def unlock(**options: Any) -> int:
    """Release the lease and state lock of a dead run; refused while the run is alive."""
    return _call("unlock", "unlock", Options(**options))


@app.command()
@_options(
    _JSON,
    click.option(
        "--owner",
        metavar="ID",
        help="Id of the environment's owner, if it can't be determined.",
    ),
    click.option(
        "--forget",
        metavar="NAME",
        help="The environment's name, as consent to continue without the lost state. On a terminal "
        "you are asked.",
    ),
)
def recover(owner: str | None, forget: str | None, **options: Any) -> int:
    """Recover from a killed run or a lost state: report, fix what is safe, offer the rest."""
    return _call("recover", "recover", Options(**options), owner, forget)


def _call(module: str, function: str, options: Options, *rest: object) -> int:
    """Read the configuration, then import the command: errors in files are reported at once."""
    from zenstrap.cli.configuration import configuration

    require_one_output(options.json, options.events)
    context = click.get_current_context()
    if context.obj is not None:
        options = replace(options, telling=context.obj)
    called = _invocation(context, options.name or options.environment)
    with invocation.called(called):
        loaded = configuration(options, called.verb)
        for text in filter(None, (loaded.problems, loaded.notice)):
            print(text, file=sys.stderr)
        options = replace(
            options,
            warnings=loaded.warnings,
            config_notice=loaded.notice,
            placed=loaded.placed,
        )
        command = getattr(importlib.import_module(f"zenstrap.cli.{module}"), function)
        code: int = command(loaded.config, options, *rest)
        return code


def require_one_output(json: bool, events: bool) -> None:
    """Check that only one form of output is asked for.

    Raises:
        click.UsageError: it is both.
    """
    if json and events:
        raise click.UsageError("--json and --events exclude each other")


def _invocation(context: click.Context, environment: str) -> invocation.Invocation:
    """This call as typed, from which suggested commands are built."""
    given = {}
    # Options with values first, flags last: the usual order.
    for option in sorted(_options_of(context.command), key=lambda option: option.is_flag):
        name = option.name or ""
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            given[option.opts[-1]] = _words(option, context.params[name])
    return invocation.Invocation(
        verb=context.info_name or "",
        environment=environment,
        given=given,
        taken={
            verb: frozenset(option.opts[-1] for option in _options_of(command))
            for verb, command in app.commands.items()
        },
    )


def _options_of(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option)]


def _words(option: click.Option, value: Any) -> tuple[str, ...]:
    """An option as it was typed."""
    name = option.opts[-1]
    if option.is_flag:
        return (option.secondary_opts[-1] if option.secondary_opts and not value else name,)
    values = value if option.multiple else [value]
    return tuple(word for each in values for word in (name, str(each)))
