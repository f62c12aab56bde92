"""What is looked at before anything is planned; ``doctor`` shows the same checks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zenstrap import paths
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import (
    AuthenticationError,
    PlatformError,
    UsageError,
    ZenstrapError,
    exit_code,
)
from zenstrap.events import Notice
from zenstrap.lifecycle import zenml_version
from zenstrap.lifecycle.control_stack import control_stack
from zenstrap.lifecycle.infrastructure import terraform_for
from zenstrap.lifecycle.secrets import references, secrets
from zenstrap.platforms.base import NamedCheck, Need, Platform, Unknown
from zenstrap.reports import Check, PreflightReport
from zenstrap.zenml_private import calls

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.running import Run

ZENML_SERVER = "zenml_server"
SAME_ZENML = "zenml_of_the_server"


def preflight(client: Client, run: Run) -> PreflightReport:
    """Every check that a run needs.

    Raises:
        ZenstrapError: the first check that failed, as it is; later ones may depend on it.
    """
    platform = run.platform
    looks = [*_machine_checks(platform), *_zenml_checks(platform, client), *platform.checks()]
    unneeded = _unneeded(run.command, trains=run.request.smoke_test)
    return PreflightReport(
        environment=run.environment,
        checks=tuple(_looked_at(one, run) for one in looks if one.need not in unneeded),
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


def _looked_at(check: NamedCheck, run: Run) -> Check:
    """A check that passed, or one that is no reason to stop.

    For a plan, which runs nothing anywhere, a server may be missing. With a server of another
    version ZenML itself goes on, too.
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


def diagnose(platform: Platform, client: Client | ZenstrapError) -> Iterator[Check]:
    """The checks that need ZenML one by one, each with what mends it, going on after a failure.

    Args:
        client: ZenML's client, or why there is none.
    """
    yield from _tried(_zenml_checks(platform, client))
    if not isinstance(client, ZenstrapError):
        connected = client
        yield from _tried([NamedCheck("owner", lambda: _owner(platform, connected))])


def _owner(platform: Platform, client: Client) -> str:
    """Whose it is; a run of its own finds out before it begins."""
    from zenstrap.lifecycle.ownership import decide, gather

    try:
        found = gather(platform.config, platform.state_place(create=False), client)
    except (AuthenticationError, PlatformError) as error:  # the platform's own checks tell it too
        return Unknown(error.what)
    decision = decide(found, this_zenml=False)
    if found.owner is not None:
        return f"{found.owner.id}, made by {found.owner.user} on {found.owner.host}"
    return decision.id or "the next up makes one"


def diagnose_first(platform: Platform) -> Iterator[Check]:
    """Those checks that need no ZenML, which takes seconds to import."""
    yield from _tried([*_machine_checks(platform), *platform.checks()])


def _tried(checks: Sequence[NamedCheck]) -> Iterator[Check]:
    told: dict[str, str] = {}
    for check in checks:
        name = check.name
        try:
            yield _passed(name, check.look())
        except ZenstrapError as error:
            if first := told.get(str(error)):
                detail = f"not known: see {first}"
                yield Check(name=name, passed=False, detail=detail, known=False)
                continue
            told[str(error)] = name
            where = f"{error.where}: " if error.where else ""
            why = f" {error.why}" if error.why else ""
            yield Check(
                name=name,
                passed=False,
                detail=f"{where}{error.what}.{why}",
                fix=error.fix or "",
                command=error.command or "",
                exit_code=exit_code(error),
            )


def require_writable(folder: Path) -> None:
    """Make a folder for the user alone, and see that it can be written.

    Raises:
        ZenstrapError: it can't.
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


def _zenml_checks(platform: Platform, client: Client | ZenstrapError) -> list[NamedCheck]:
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
    if references(platform):
        checks.append(
            NamedCheck("secrets", lambda: secrets(platform, _connected(client)), "to create")
        )
    checks.append(NamedCheck("smoke_test", lambda: _smoke_test(config), "to train"))
    return checks


def _terraform(platform: Platform) -> str:
    found = terraform_for(platform)
    return f"{found.version}, {found.origin}"


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
    return f"{server}, and {zenml.__version__} here"


def _zenml_server(client: Client, runners: str) -> str:
    """ZenML sends pipelines to other machines only if they can reach its server from there."""
    is_file = calls.is_database_file(client)
    if is_file or calls.is_of_this_machine(client):
        raise UsageError(
            f"ZenML's {'database' if is_file else 'server'} is this machine's own, "
            f"and steps run on others ({runners})",
            why="They couldn't reach it.",
            fix="Use orchestrator flavor local and no step operator, or connect to a ZenML server "
            "that they reach",
            command="zenml login https://ADDRESS",
        )
    return f"not this machine's own, as {runners} needs"


def _runners_elsewhere(config: EnvironmentConfig) -> str:
    """What runs steps on other machines, in any of the environment's stacks."""
    found = {
        f"{kind} {flavor}"
        for project in config.targets
        for kind, flavor in config.components_of(project).runners_elsewhere().items()
    }
    return " and ".join(sorted(found))


def _smoke_test(config: EnvironmentConfig) -> str:
    from zenstrap.smoke_test.data import read_table, table_path
    from zenstrap.smoke_test.training import load_training

    trainings = set()
    for project in config.targets:
        settings = config.smoke_test_of(project)
        load_training(settings.training)
        read_table(table_path(settings.data))
        trainings.add(settings.training or "built-in training")
    return ", ".join(sorted(trainings))
