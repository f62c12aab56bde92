"""The configuration of a command: from the files, or if those are missing, from the last run.

Commands that only read, repair or remove an environment work without its file. If it exists and
isn't valid, those that read or repair still work. ``down`` is refused: the file may hold a stricter
protection than the recorded one, and nobody can tell what it was meant to say.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zenstrap import invocation, paths
from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig
from zenstrap.config.layers import ENVIRONMENTS_FOLDER, shown
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

# None of them looks at the protection. `recover` destroys nothing, and forgets a state only for the
# environment's name.
_WITH_BROKEN_FILE: Final = frozenset({"status", "history", "unlock", "recover"})
_WITHOUT_FILE: Final = _WITH_BROKEN_FILE | {"down", "doctor", "config"}


@dataclass(frozen=True)
class Configuration:
    """The configuration of a command.

    Attributes:
        warnings: settings in the files that have no effect.
        problems: what is wrong with the files, if a run's configuration is used instead.
        notice: which run the configuration is from, on one line; empty if it is from the files.
        placed: finds the file and line of what is wrong; None if it isn't from the files.
    """

    config: EnvironmentConfig
    warnings: tuple[str, ...] = ()
    problems: str = ""
    notice: str = ""
    placed: Placed | None = None


def configuration(options: Options, verb: str) -> Configuration:
    """Read the files; if they are missing, the configuration that a run recorded in ZenML.

    Raises:
        UsageError: there is no such environment, its file is missing and the command needs it, or
            the recorded configuration can't be read.
        ConfigError: the files are not valid.
    """
    try:
        loaded = load(options.environment, name=options.name)
    except ConfigError as error:
        if verb == "down":
            error.fix = _without_broken_file(options)
        if verb not in _WITH_BROKEN_FILE:
            raise
        return _of_last_run(options, error, "The files are not valid")
    except UnknownEnvironmentError as error:
        if error.is_misnamed:
            raise
        if verb in _WITHOUT_FILE:
            return _of_last_run(options, error, f"There is no file {options.environment}.yaml")
        if error.near and not _has_state(_name(options)):
            raise  # a misspelt name is reported without asking ZenML
        raise _needs_its_file(options, error) from error
    warnings = tuple(map(str, loaded.warnings))
    return Configuration(loaded.config, warnings, placed=loaded.placed)


def _of_last_run(options: Options, error: UsageError, what: str) -> Configuration:
    from zenstrap.config.rendering import read_recorded

    from_zenml = _recorded(options, error)
    if from_zenml is None:
        raise _known_by_its_state(options, error)
    recorded, _ = from_zenml
    config = read_recorded(recorded.content, recorded.schema, run=recorded.run.name)
    problems = str(error) if isinstance(error, ConfigError) else ""
    notice = f"{what}; the configuration of run {_named(recorded.run)} is used."
    return Configuration(config, problems=problems, notice=notice)


def _without_broken_file(options: Options) -> str:
    file = paths.configs_folder() / ENVIRONMENTS_FOLDER / f"{options.environment}.yaml"
    return (
        f"Correct that first: `down` obeys the protection in the files. Or, to take "
        f"{_name(options)} down by the configuration and protection that its last `up` recorded, "
        f"move its file away: {shown(file)}"
    )


def _needs_its_file(options: Options, error: UnknownEnvironmentError) -> UsageError:
    from_zenml = _recorded(options, error)
    if from_zenml is None:
        return _known_by_its_state(options, error)
    recorded, last = from_zenml
    environment, file = _name(options), options.environment
    made_from = recorded.run.file
    seen = f"ZenML has runs of {environment}: the last one is `{last.command}` {_named(last)} by "
    seen += f"{last.user} on {last.host}"
    if made_from not in ("", file):
        return UsageError(
            f"there is no file {file}.yaml",
            where=error.where,
            why=f"{seen}. {environment} is configured by {made_from}.yaml",
            fix="Name that file",
            command=invocation.from_file(environment, made_from),
        )
    restore = f"Restore {file}.yaml, for example from git"
    if not made_from and not options.name:
        restore = (
            f"If it was made with --name, use `--env FILE --name {environment}` again. If it had a "
            f"file, put {file}.yaml back, for example from git"
        )
    return UsageError(
        f"there is no file {file}.yaml",
        where=error.where,
        why=seen,
        fix=f"{restore}. `down` needs no file. To see the recorded configuration, run",
        command=invocation.command("config", environment),
    )


def _named(run: RunRecord) -> str:
    return f"{run.name} of {run.started:%Y-%m-%d %H:%M} UTC" if run.started else run.name


def _recorded(options: Options, error: UsageError) -> tuple[RecordedConfig, RunRecord] | None:
    """The configuration that a run recorded, and the newest run.

    Raises:
        UsageError: ``error``, if ZenML can't be reached.
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
            error.why = f"Whether ZenML has runs of it isn't known: {unreachable.what}"
        raise error from unreachable


def _known_by_its_state(options: Options, error: UsageError) -> UsageError:
    environment = _name(options)
    if not isinstance(error, ConfigError) and _has_state(environment):
        error.why = (
            f"Its state is in {paths.state_folder(environment)}, but no run in the connected ZenML "
            "recorded its configuration"
        )
    return error


def _has_state(environment: str) -> bool:
    return any(paths.state_folder(environment).glob("*/terraform.tfstate"))


def _owner(environment: str) -> str:
    """The owner's id, if the state is on this machine."""
    from zenstrap.owner import FileOwnerStore

    with suppress(DamagedOwnerError):
        owner = FileOwnerStore(paths.state_folder(environment), environment).read()
        return owner.id if owner else ""
    return ""


def _name(options: Options) -> str:
    return options.name or options.environment
