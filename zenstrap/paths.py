"""Where zenstrap finds its files and where it keeps what must outlive a run.

Nothing that a run writes lies in the clone. Paths are derived when asked for, so that
``ZENSTRAP_HOME`` can move them (and tests can move them all at once).
"""

from __future__ import annotations

import os
from pathlib import Path

from zenstrap.errors import UsageError

HOME_VARIABLE = "ZENSTRAP_HOME"
CONFIGS_VARIABLE = "ZENSTRAP_CONFIGS"


def project_root() -> Path:
    """What holds the packages: the clone, or the folder that pip installed them into."""
    return Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """The folder that ``ZENSTRAP_CONFIGS`` names, or the clone's configs/.

    Installed without a clone: configs/ where the program is started, else the wheel's own.
    """
    moved = os.environ.get(CONFIGS_VARIABLE)
    if moved:
        return resolved(moved, CONFIGS_VARIABLE)
    here = Path.cwd() / "configs"
    if not _is_clone() and (here / "environments").is_dir():
        return here
    return _shipped("configs")


def modules_folder() -> Path:
    """terraform_modules/ of the clone, or the wheel's.

    Raises:
        UsageError: it isn't there.
    """
    folder = _shipped("terraform_modules")
    if folder.is_dir():
        return folder
    raise UsageError(
        "zenstrap's Terraform modules aren't there",
        where=str(folder),
        fix="Install zenstrap again, or run it from a clone",
    )


def _shipped(name: str) -> Path:
    return (project_root() if _is_clone() else Path(__file__).parent / "shipped") / name


def _is_clone() -> bool:
    return (project_root() / "pyproject.toml").is_file()


def home() -> Path:
    """The user's state folder for zenstrap, or the folder that ``ZENSTRAP_HOME`` names.

    Raises:
        UsageError: the user has no home folder, or it can't be found.
    """
    moved = os.environ.get(HOME_VARIABLE)
    if moved:
        return resolved(moved, HOME_VARIABLE)
    from platformdirs import user_state_path

    try:
        return resolved(user_state_path("zenstrap"), "HOME")
    except RuntimeError as error:
        raise no_home() from error


def resolved(folder: str | Path, where: str) -> Path:
    """A folder without ``~`` and without symbolic links on the way to it.

    ZenML compares what it writes, resolved, with the folder as it was registered.

    Args:
        where: the setting that names it, for the error.

    Raises:
        UsageError: there is no such home, or the links lead in a circle.
    """
    try:
        return Path(folder).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise UsageError(
            "this folder can't be found", where=f"{where}: {folder}", why=str(error)
        ) from error


def require_home() -> None:
    """See that the user has a home folder, where ZenML keeps its configuration.

    Raises:
        UsageError: there is none, and ZenML would make a folder called ~ wherever it is started.
    """
    if "ZENML_CONFIG_PATH" not in os.environ and os.path.expanduser("~") == "~":
        raise no_home()


def no_home() -> UsageError:
    """For a container's user without an entry in /etc/passwd."""
    return UsageError(
        "this user has no home folder",
        why="HOME isn't set, and the user has no entry in /etc/passwd",
        fix=f"Set HOME, or {HOME_VARIABLE} and ZENML_CONFIG_PATH, to folders that stay",
    )


def environment_folder(environment: str) -> Path:
    """What zenstrap keeps of one environment: Terraform's data and state, run files."""
    return home() / "environments" / environment


def require_folders(environment: str) -> None:
    """See that nothing else lies where zenstrap keeps its folders, or on the way to them.

    Raises:
        UsageError: names what does.
    """
    own, state = environment_folder(environment), state_folder(environment)
    below = (state, state / environment, terraform_data_folder(environment), own / "runs")
    for folder in (home(), own.parent, own, *below, leases_folder()):
        if os.path.lexists(folder) and not folder.is_dir():
            kind = "a link that leads to no folder" if folder.is_symlink() else "a file"
            raise UsageError(
                "zenstrap needs a folder here, and it is something else",
                where=str(folder),
                why=f"It is {kind}",
                fix=f"Have {HOME_VARIABLE} name another folder"
                if folder == home()
                else "Move it away. If the folder lies elsewhere now, put it back here",
            )


def terraform_data_folder(environment: str) -> Path:
    """TF_DATA_DIR of an environment, so that environments run side by side on one module."""
    return environment_folder(environment) / "terraform"


def state_folder(environment: str) -> Path:
    """Where a local backend keeps the states of an environment's workspaces."""
    return environment_folder(environment) / "state"


def run_folder(environment: str, run: str) -> Path:
    """Plan and variable files of one run: readable by the user alone, removed when it ends."""
    return environment_folder(environment) / "runs" / run


def leases_folder() -> Path:
    """The leases of the environments that live on this machine."""
    return home() / "leases"


def logs_folder() -> Path:
    """One file for each of the last runs, see :mod:`zenstrap.log`."""
    return home() / "logs"


def tracebacks_folder() -> Path:
    """One file for every bug that was met, by when it was."""
    return home() / "tracebacks"
