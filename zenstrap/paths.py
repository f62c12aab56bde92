"""Where zenstrap finds its files, and where it stores what must outlive a run.

A run writes nothing into the clone. Paths are computed on each call, so that ``ZENSTRAP_HOME`` can
move them (also in tests).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from zenstrap.errors import UsageError

HOME_VARIABLE = "ZENSTRAP_HOME"
CONFIGS_VARIABLE = "ZENSTRAP_CONFIGS"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def project_root() -> Path:
    """The folder of the packages: the clone, or the folder that pip installed them into."""
    return Path(__file__).resolve().parent.parent


def configs_folder() -> Path:
    """The folder that ``ZENSTRAP_CONFIGS`` names, or the clone's configs/.

    Installed without a clone: configs/ in the current folder, else the wheel's own.
    """
    configured = os.environ.get(CONFIGS_VARIABLE)
    if configured:
        return resolved(configured, CONFIGS_VARIABLE)
    local = Path.cwd() / "configs"
    if not _is_clone() and (local / "environments").is_dir():
        return local
    return _shipped("configs")


def modules_folder() -> Path:
    """terraform_modules/ of the clone, or the wheel's.

    Raises:
        UsageError: it doesn't exist.
    """
    folder = _shipped("terraform_modules")
    if folder.is_dir():
        return folder
    raise UsageError(
        "zenstrap's Terraform modules are missing",
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
    configured = os.environ.get(HOME_VARIABLE)
    if configured:
        return resolved(configured, HOME_VARIABLE)
    from platformdirs import user_state_path

    try:
        return resolved(user_state_path("zenstrap"), "HOME")
    except RuntimeError as error:
        raise no_home() from error


def resolved(folder: str | Path, where: str) -> Path:
    """A folder's path without ``~`` and symbolic links.

    ZenML resolves the paths that it writes, and compares them with the registered folder.

    Args:
        where: the setting that names it, for the error.

    Raises:
        UsageError: the user has no home folder, the links form a circle, or the path holds a line
            break or another control character.
    """
    try:
        path = Path(folder).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        raise UsageError(
            "the folder can't be found", where=f"{where}: {folder}", why=str(error)
        ) from error
    if _CONTROL.search(str(path)):
        raise UsageError(
            "the folder's path holds a line break or another control character",
            where=f"{where}: {str(path)!r}",
            why="a path is a line in what Terraform and ZenML store and in the commands shown here",
            fix="Rename the folder, or name another one",
        )
    return path


def require_home() -> None:
    """Check that the user has a home folder, where ZenML stores its configuration.

    Raises:
        UsageError: there is none; ZenML would create a folder called ~ in the current folder.
    """
    if "ZENML_CONFIG_PATH" not in os.environ and os.path.expanduser("~") == "~":
        raise no_home()


def no_home() -> UsageError:
    """For a container's user without an entry in /etc/passwd."""
    return UsageError(
        "this user has no home folder",
        why="HOME isn't set, and the user has no entry in /etc/passwd",
        fix=f"Set HOME, or {HOME_VARIABLE} and ZENML_CONFIG_PATH, to folders that are kept",
    )


def environment_folder(environment: str) -> Path:
    """The folder of one environment: Terraform's data and state, run files."""
    return home() / "environments" / environment


def require_folders(environment: str) -> None:
    """Check that no file or broken link is in the place of one of zenstrap's folders.

    Raises:
        UsageError: names it.
    """
    own, state = environment_folder(environment), state_folder(environment)
    below = (state, state / environment, terraform_data_folder(environment), own / "runs")
    for folder in (home(), own.parent, own, *below, leases_folder()):
        if os.path.lexists(folder) and not folder.is_dir():
            kind = "a symbolic link to no folder" if folder.is_symlink() else "a file"
            raise UsageError(
                "zenstrap needs a folder at this path",
                where=str(folder),
                why=f"It is {kind}",
                fix=f"Set {HOME_VARIABLE} to another folder"
                if folder == home()
                else "Move it away. If you have moved the folder, move it back",
            )


def terraform_data_folder(environment: str) -> Path:
    """TF_DATA_DIR of an environment, so that environments run side by side on one module."""
    return environment_folder(environment) / "terraform"


def state_folder(environment: str) -> Path:
    """The folder of a local backend's states."""
    return environment_folder(environment) / "state"


def run_folder(environment: str, run: str) -> Path:
    """Plan and variable files of one run: only the user can read them; deleted when it ends."""
    return environment_folder(environment) / "runs" / run


def leases_folder() -> Path:
    """The leases of local environments."""
    return home() / "leases"


def logs_folder() -> Path:
    """One log file for each of the last runs, see :mod:`zenstrap.log`."""
    return home() / "logs"


def tracebacks_folder() -> Path:
    """One traceback file per unexpected error, named by its time."""
    return home() / "tracebacks"
