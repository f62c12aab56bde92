"""The commands and their options. Each command's own module is imported when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from zenstrap import invocation
from zenstrap.cli.options import Options
from zenstrap.cli.telling import Telling

Command = TypeVar("Command", bound=Callable[..., Any])


_ENV = click.option("--env", "environment", required=True, metavar="NAME", help="The environment.")
_NAME = click.option(
    "--name",
    metavar="NAME",
    help="A name of its own for an environment with the configuration of --env: for the second "
    "person on a ZenML server.",
)
_JSON = click.option("--json", is_flag=True, help="Print one JSON object at the end.")
_EVENTS = click.option("--events", is_flag=True, help="Print one JSON object per event.")
_YES = click.option("--yes", is_flag=True, help="Don't ask; go ahead.")
_ADOPT = click.option(
    "--adopt",
    multiple=True,
    metavar="NAME",
    help="Take over a stack, component or connector that isn't zenstrap's. May be repeated.",
)
_THIS_ZENML = click.option(
    "--this-zenml",
    is_flag=True,
    help="The ZenML in which the environment was registered is gone: go on with this one.",
)
_DEBUG = click.option("--debug", is_flag=True, help="Show tracebacks and what ZenML logs.")


def _options(*extra: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in (_DEBUG, *reversed(extra), _NAME, _ENV):
            command = option(command)
        return command

    return decorate


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"`{invocation.PROGRAM} --env NAME` is short for `{invocation.PROGRAM} up --env NAME`. "
    "Exit codes: 0 done, 1 failed, 2 changes present (plan), 3 authentication, 4 lease or state "
    "lock held, 5 refused by policy or not approved (plan too, where `up` would be refused), "
    "6 smoke test failed, 7 partly done, 64 usage or configuration, 130 interrupted.",
)
@click.version_option(package_name="zenstrap", prog_name="zenstrap")
def app() -> None:
    """From a YAML file to a ZenML stack that a real training has proven, and back."""


@app.command()
@_options(_YES, _ADOPT, _THIS_ZENML, _JSON, _EVENTS)
def up(**given: Any) -> int:
    """Bring an environment to its configuration: provision, register, smoke-test, promote."""
    return _call("lifecycle", "up", Options(**given))


@app.command()
@_options(_ADOPT, _THIS_ZENML, _JSON, _EVENTS)
def plan(**given: Any) -> int:
    """Show what `up` would change, and change nothing. Exit code 2 if there is anything."""
    return _call("lifecycle", "plan", Options(**given))


@app.command()
@_options(_YES, _THIS_ZENML, _JSON, _EVENTS)
def down(**given: Any) -> int:
    """Take an environment away, registrations and infrastructure, and prove that it is gone."""
    return _call("lifecycle", "down", Options(**given))


@app.command()
@_options(
    _YES,
    _JSON,
    _EVENTS,
    click.option("--project", metavar="NAME", help="Whose stack; without it, the base stack."),
    click.option("--to", metavar="X.Y.Z", help="Which version; without it, the previous one."),
    click.option(
        "--no-smoke-test", "smoke_test", flag_value=False, default=True, help="Don't test it again."
    ),
)
def rollback(project: str | None, to: str | None, smoke_test: bool, **given: Any) -> int:
    """Bring a stack's alias back to an earlier version, after a smoke test of that."""
    return _call("lifecycle", "rollback", Options(**given), project, to, smoke_test)


@app.command()
@_options(_JSON)
def status(**given: Any) -> int:
    """Show the current stacks, their versions and proofs, the last run and the lease."""
    return _call("status", "status", Options(**given))


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
def history(limit: int, **given: Any) -> int:
    """List the environment's runs, newest first."""
    return _call("history", "history", Options(**given), limit)


@app.command()
@_JSON
@_DEBUG
def envs(json: bool, debug: bool) -> int:
    """List the environments: those with a file, and those that are known without one."""
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
def config(check: bool, **given: Any) -> int:
    """Print the merged, validated configuration of an environment."""
    return _call("config", "config", Options(**given), check)


@app.command()
@_options(_JSON)
def doctor(**given: Any) -> int:
    """Check everything that a run needs, and say how to mend what is missing."""
    return _call("doctor", "doctor", Options(**given))


@app.command()
@_options(_YES, _JSON)
def unlock(**given: Any) -> int:
    """Free the lease and the state lock that a dead run has left; refused while it is alive."""
    return _call("unlock", "unlock", Options(**given))


@app.command()
@_options(
    _JSON,
    click.option(
        "--owner",
        metavar="ID",
        help="Whose the environment is, where nothing that is left tells.",
    ),
    click.option(
        "--forget",
        metavar="NAME",
        help="The environment's name: go on without what is lost. Asked for on a terminal.",
    ),
)
def recover(owner: str | None, forget: str | None, **given: Any) -> int:
    """Find out what a kill or a lost state left, mend what is safe, offer the way out."""
    return _call("recover", "recover", Options(**given), owner, forget)


def _call(module: str, function: str, options: Options, *rest: object) -> int:
    """Read the configuration, then import the command: a mistake in a file is told at once."""
    from zenstrap.cli.configuration import configuration

    if options.json and options.events:
        raise click.UsageError("--json and --events exclude each other")
    context = click.get_current_context()
    if context.obj is not None:
        options = replace(options, telling=context.obj)
    called = _invocation(context, options.name or options.environment)
    with invocation.called(called):
        found = configuration(options, called.verb)
        if found.told:
            print(found.told, file=sys.stderr)
        options = replace(options, warnings=found.warnings, told=found.told, placed=found.placed)
        command = getattr(importlib.import_module(f"zenstrap.cli.{module}"), function)
        code: int = command(found.config, options, *rest)
        return code


def _invocation(context: click.Context, environment: str) -> invocation.Invocation:
    """This call in words, for the commands that are printed."""
    given = {}
    # What is meant, then how: the order in which people write it.
    for option in sorted(_options_of(context.command), key=lambda one: one.is_flag):
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
    return [one for one in command.params if isinstance(one, click.Option)]


def _words(option: click.Option, value: Any) -> tuple[str, ...]:
    """An option as it was typed."""
    name = option.opts[-1]
    if option.is_flag:
        return (option.secondary_opts[-1] if option.secondary_opts and not value else name,)
    values = value if option.multiple else [value]
    return tuple(word for one in values for word in (name, str(one)))
