"""The configuration that a command works on: the files', or where those are gone, the last run's.

What is there must not need a file to be looked at and taken away. Only what makes something does.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zenstrap import invocation, paths
from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig
from zenstrap.config.loading import load
from zenstrap.config.violations import Placed
from zenstrap.errors import (
    ConfigError,
    DamagedOwnerError,
    UnknownEnvironmentError,
    UsageError,
    ZenstrapError,
)

if TYPE_CHECKING:
    from zenstrap.runs import RecordedConfig, RunRecord

_WITH_BROKEN_FILE: Final = frozenset({"down", "status", "history", "unlock", "recover"})
_WITHOUT_FILE: Final = _WITH_BROKEN_FILE | {"doctor", "config"}


@dataclass(frozen=True)
class Configuration:
    """What a command works on.

    Attributes:
        warnings: what is written in the files and has no effect.
        told: whose configuration it is, where it isn't the files'; empty otherwise.
        placed: finds file and line of what is found to be wrong later.
    """

    config: EnvironmentConfig
    warnings: tuple[str, ...] = ()
    told: str = ""
    placed: Placed | None = None


def configuration(options: Options, verb: str) -> Configuration:
    """Read the files; where they are gone, what ZenML's runs recorded.

    Raises:
        UsageError: there is no such environment, its file is gone and the command needs it, or
            what was recorded can't be read.
        ConfigError: something is wrong in the files.
    """
    try:
        loaded = load(options.environment, name=options.name)
    except ConfigError as error:
        if verb not in _WITH_BROKEN_FILE:
            raise
        return _of_last_run(options, error, "The files are not valid")
    except UnknownEnvironmentError as error:
        if error.is_misnamed:
            raise
        if verb in _WITHOUT_FILE:
            return _of_last_run(options, error, f"The file of {options.environment} is gone")
        if error.near and not _has_state(_name(options)):
            raise  # a misspelt name is told at once
        raise _needs_its_file(options, error) from error
    warnings = tuple(str(one) for one in loaded.warnings)
    return Configuration(loaded.config, warnings, placed=loaded.placed)


def _of_last_run(options: Options, error: UsageError, what: str) -> Configuration:
    from zenstrap.config.rendering import read_recorded

    found = _recorded(options, error)
    if found is None:
        raise _known_by_its_state(options, error)
    recorded, _ = found
    config = read_recorded(recorded.content, recorded.schema, run=recorded.run.name)
    problems = f"{error}\n" if isinstance(error, ConfigError) else ""
    told = f"{what}; the configuration of run {_named(recorded.run)} is used."
    return Configuration(config, told=problems + told)


def _needs_its_file(options: Options, error: UnknownEnvironmentError) -> UsageError:
    found = _recorded(options, error)
    if found is None:
        return _known_by_its_state(options, error)
    _, last = found
    environment = _name(options)
    return UsageError(
        f"the file of {environment} is gone",
        where=error.where,
        why=f"ZenML knows {environment}: its last run is `{last.command}` {_named(last)} by "
        f"{last.user} on {last.host}",
        fix=f"Restore {options.environment}.yaml, from git for example. `down` needs no file; the "
        "whole configuration as it was is shown by",
        command=invocation.command("config", environment),
    )


def _named(run: RunRecord) -> str:
    return f"{run.name} of {run.started:%Y-%m-%d %H:%M} UTC" if run.started else run.name


def _recorded(options: Options, error: UsageError) -> tuple[RecordedConfig, RunRecord] | None:
    """The configuration that a run recorded, and the newest run.

    Raises:
        UsageError: the error, where ZenML can't be asked.
    """
    from zenstrap.cli.zenml_client import zenml_client

    try:
        with zenml_client(debug=options.debug) as client:
            from zenstrap.runs import last_configuration, newest_run

            environment = _name(options)
            recorded = last_configuration(client, environment, _owner(environment))
            return (recorded, newest_run(client, environment) or recorded.run) if recorded else None
    except ZenstrapError as unreachable:
        if not isinstance(error, ConfigError):
            error.why = f"Whether ZenML knows it can't be asked: {unreachable.what}"
        raise error from unreachable


def _known_by_its_state(options: Options, error: UsageError) -> UsageError:
    environment = _name(options)
    if not isinstance(error, ConfigError) and _has_state(environment):
        error.why = (
            f"Its state lies in {paths.state_folder(environment)}, and no run in the ZenML that is "
            "connected recorded its configuration"
        )
    return error


def _has_state(environment: str) -> bool:
    return any(paths.state_folder(environment).glob("*/terraform.tfstate"))


def _owner(environment: str) -> str:
    """Whose it is, if its state lies on this machine."""
    from zenstrap.owner import FileOwnerStore

    with suppress(DamagedOwnerError):
        owner = FileOwnerStore(paths.state_folder(environment), environment).read()
        return owner.id if owner else ""
    return ""


def _name(options: Options) -> str:
    return options.name or options.environment
