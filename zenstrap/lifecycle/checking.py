"""The checks before a plan (preflight); ``doctor`` runs the same ones."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from zenstrap import paths
from zenstrap.config import EnvironmentConfig, flavor_of
from zenstrap.config.violations import Placed, unplaced
from zenstrap.errors import (
    AuthenticationError,
    ConfigError,
    PlatformError,
    UsageError,
    ZenstrapError,
    exit_code,
)
from zenstrap.events import Notice
from zenstrap.flavors.base import Flavor
from zenstrap.lifecycle import zenml_version
from zenstrap.lifecycle.control_stack import control_stack
from zenstrap.lifecycle.infrastructure import terraform_for
from zenstrap.lifecycle.secrets import references, secrets
from zenstrap.platforms.base import NamedCheck, Need, Platform, Unknown
from zenstrap.registry.settings import has_settings, settings_violations
from zenstrap.reports import Check, PreflightReport
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.running import Run

ZENML_SERVER = "zenml_server"
SAME_ZENML = "zenml_of_the_server"


def preflight(client: Client, run: Run) -> PreflightReport:
    """Run every check that this command needs.

    Raises:
        ZenstrapError: the error of the first check that failed; later checks may depend on it.
    """
    platform = run.platform
    checks = [
        *_machine_checks(platform),
        *_zenml_checks(platform, client, run.audience.placed),
        *platform.checks(),
    ]
    unneeded = _unneeded(run.command, trains=run.request.smoke_test)
    return PreflightReport(
        environment=run.environment,
        checks=tuple(_run_check(check, run) for check in checks if check.need not in unneeded),
    )


def _unneeded(command: str, *, trains: bool) -> frozenset[Need]:
    match command:
        case "down":
            return frozenset({"to train", "to create"})
        case "rollback":
            create: frozenset[Need] = frozenset({"to create", "to apply"})
            return create if trains else create | {"to train"}
        case _:
            return frozenset()


def _run_check(check: NamedCheck, run: Run) -> Check:
    """The result of a check that passed, or whose failure is only a warning.

    `plan` starts no training, so it doesn't need a ZenML server. A server of another version is
    only a warning, as it is for ZenML itself.
    """
    name = check.name
    try:
        return _passed(name, check.look())
    except ZenstrapError as error:
        if name == SAME_ZENML:
            run.emit(Notice(str(error), "warning"))
        elif name == ZENML_SERVER and run.command == "plan":
            run.emit(Notice(f"`up` would stop in preflight: {error}", "warning"))
        else:
            raise
        return Check(
            name=name,
            passed=False,
            detail=error.what,
            fix=error.fix or "",
            command=error.command or "",
            exit_code=exit_code(error),
        )


def _passed(name: str, detail: str) -> Check:
    known = not isinstance(detail, Unknown)
    return Check(name=name, passed=True, detail=str(detail), known=known)


def diagnose(
    platform: Platform, client: Client | ZenstrapError, placed: Placed = unplaced
) -> Iterator[Check]:
    """The checks that need ZenML, each with its fix; continues after a failure.

    Args:
        client: ZenML's client, or the error of the connection attempt.
        placed: finds the file and line of what is wrong in the configuration.
    """
    yield from _run_all(_zenml_checks(platform, client, placed))
    if not isinstance(client, ZenstrapError):
        connected = client
        yield from _run_all([NamedCheck("owner", lambda: _owner(platform, connected))])


def _owner(platform: Platform, client: Client) -> str:
    """The environment's owner; a run settles this before its first step."""
    from zenstrap.lifecycle.ownership import decide, gather

    try:
        evidence = gather(platform, platform.state_place(create=False), client)
    except (AuthenticationError, PlatformError) as error:  # the platform's checks report it, too
        return Unknown(error.what)
    decision = decide(evidence, this_zenml=False)
    if (owner := evidence.owner) is not None:
        return f"{owner.id}, created by {owner.user} on {owner.host}"
    return decision.id or "none yet: the next up creates one"


def diagnose_first(platform: Platform) -> Iterator[Check]:
    """The checks that don't need ZenML, whose import takes seconds."""
    yield from _run_all([*_machine_checks(platform), *platform.checks()])


def _run_all(checks: Sequence[NamedCheck]) -> Iterator[Check]:
    reported: dict[str, str] = {}  # name of the first failed check, by its error
    for check in checks:
        name = check.name
        try:
            yield _passed(name, check.look())
        except ZenstrapError as error:
            if first := reported.get(str(error)):
                detail = f"not known: see {first}"
                yield Check(name=name, passed=False, detail=detail, known=False)
                continue
            reported[str(error)] = name
            yield Check(
                name=name,
                passed=False,
                detail=_detail(error),
                fix=error.fix or "",
                command=error.command or "",
                exit_code=exit_code(error),
            )


def _detail(error: ZenstrapError) -> str:
    if isinstance(error, ConfigError):
        return " ".join(map(str, error.problems))
    where = f"{error.where}: " if error.where else ""
    why = f" {error.why}" if error.why else ""
    return f"{where}{error.what}.{why}"


def require_writable(folder: Path) -> None:
    """Create a folder that only the user can access, and check that it is writable.

    Raises:
        ZenstrapError: it isn't writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(folder, "Permission denied")


def _unwritable(folder: Path, why: str) -> ZenstrapError:
    return ZenstrapError(
        "zenstrap's state folder can't be written",
        where=str(folder),
        why=why,
        fix=f"Make it writable, or set {paths.HOME_VARIABLE} to a folder that is.",
    )


def _machine_checks(platform: Platform) -> list[NamedCheck]:
    return [
        NamedCheck("terraform", lambda: _terraform(platform), "to apply"),
        NamedCheck("state_folder", _state_folder),
    ]


def _zenml_checks(
    platform: Platform, client: Client | ZenstrapError, placed: Placed
) -> list[NamedCheck]:
    config = platform.config
    runners = _runners_elsewhere(config)
    checks = [NamedCheck("zenml", lambda: _zenml(client))]
    if not isinstance(client, ZenstrapError) and calls.is_server(client):
        connected = client
        checks.append(NamedCheck(SAME_ZENML, lambda: _same_zenml(connected)))
    if runners:
        checks.append(
            NamedCheck(ZENML_SERVER, lambda: _zenml_server(_connected(client), runners), "to train")
        )
    checks.append(
        NamedCheck("control_stack", lambda: control_stack(_connected(client), config).name)
    )
    if any(flavor.integration for flavor in _flavors(config)):
        checks.append(NamedCheck("integrations", lambda: _integrations(config), "to create"))
    if has_settings(config):
        checks.append(
            NamedCheck(
                "component_settings",
                lambda: component_settings(config, _connected(client), placed),
                "to create",
            )
        )
    if references(platform):
        checks.append(
            NamedCheck("secrets", lambda: secrets(platform, _connected(client)), "to create")
        )
    checks.append(NamedCheck("smoke_test", lambda: _smoke_test(config), "to train"))
    return checks


def _flavors(config: EnvironmentConfig) -> list[Flavor]:
    return [
        flavor_of(component)
        for _, components in config.component_sets()
        for component in components.present().values()
    ]


def _integrations(config: EnvironmentConfig) -> str:
    """A check: ZenML's integrations are installed, without which it can't load the stacks."""
    needed = {
        flavor.integration: flavor.packages for flavor in _flavors(config) if flavor.integration
    }
    missing = [name for name, modules in needed.items() if not all(map(find_spec, modules))]
    if missing:
        raise UsageError(
            f"ZenML's integration {' and '.join(missing)} is not installed",
            why="ZenML can't load a stack without it",
            fix="Install it",
            command=f"zenml integration install {' '.join(missing)} -y",
        )
    return ", ".join(needed)


def component_settings(config: EnvironmentConfig, client: Client, placed: Placed) -> str:
    """A check: ZenML takes the settings in its own words, and keeps them as they are written.

    Raises:
        ConfigError: it doesn't; carries every problem.
    """
    problems = [placed(one) for one in settings_violations(config, client)]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return "as ZenML has them"


def _terraform(platform: Platform) -> str:
    binary = terraform_for(platform)
    return f"{binary.version}, {binary.origin}"


def _state_folder() -> str:
    require_writable(paths.home())
    return str(paths.home())


def _connected(client: Client | ZenstrapError) -> Client:
    if isinstance(client, ZenstrapError):
        raise client
    return client


def _zenml(client: Client | ZenstrapError) -> str:
    import zenml

    kind = "server" if calls.is_server(_connected(client)) else "local database"
    zenml_version.require_supported(zenml.__version__)
    return f"{zenml.__version__}, {kind}"


def _same_zenml(client: Client) -> str:
    import zenml

    server = calls.store_info(client).version
    zenml_version.require_same(zenml.__version__, server)
    return f"server {server}, client {zenml.__version__}"


def _zenml_server(client: Client, runners: str) -> str:
    """Steps on other machines report to ZenML, so those machines must reach its server."""
    is_file = calls.is_database_file(client)
    if is_file or calls.is_of_this_machine(client):
        raise UsageError(
            f"ZenML's {'database' if is_file else 'server'} is local to this machine, "
            f"but steps run on other machines ({runners})",
            why="Those machines can't reach it.",
            fix="Use orchestrator flavor local and no step operator, or connect to a ZenML server "
            "that those machines can reach",
            command="zenml login https://ADDRESS",
        )
    return f"not local to this machine, as {runners} requires"


def _runners_elsewhere(config: EnvironmentConfig) -> str:
    """The components that run steps on other machines, in any of the environment's stacks."""
    runners = {
        f"{kind} {flavor}"
        for project in config.targets
        for kind, flavor in config.components_of(project).runners_elsewhere().items()
    }
    return " and ".join(sorted(runners))


def _smoke_test(config: EnvironmentConfig) -> str:
    from zenstrap.smoke_test.data import read_table, table_path
    from zenstrap.smoke_test.training import load_training

    trainings = set()
    for project in config.targets:
        settings = config.smoke_test_of(project)
        load_training(settings.training)
        table = table_path(settings.data)
        read_table(table)
        training = settings.training or "built-in training"
        trainings.add(f"{training} on {table}" if table else training)
    return ", ".join(sorted(trainings))
