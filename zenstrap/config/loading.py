"""From configs/ to one valid ``EnvironmentConfig``, or to everything that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from zenstrap.config.layers import ENVIRONMENTS_FOLDER, Loaded, Reading, names_in, shown
from zenstrap.config.models import EnvironmentConfig
from zenstrap.config.names import (
    environment_name_fault,
    quoted,
)
from zenstrap.config.rules import violations
from zenstrap.errors import UnknownEnvironmentError, UsageError
from zenstrap.paths import configs_folder


def load_environment(
    file: str, configs: Path | None = None, *, name: str | None = None
) -> EnvironmentConfig:
    """The configuration of an environment alone; see :func:`load`."""
    return load(file, configs, name=name).config


def load(file: str, configs: Path | None = None, *, name: str | None = None) -> Loaded:
    """The configuration of an environment, and what is to be said of its files.

    Args:
        file: the environment's file without .yaml, which is its name as well.
        configs: the folder of the configuration; None: the clone's, or ``ZENSTRAP_CONFIGS``.
        name: the name of another environment that has the same configuration; None: the file's.

    Raises:
        UsageError: there is no such folder or environment, or the name is another one's.
        ConfigError: something is wrong in the files; carries every problem.
    """
    folder = configs_folder() if configs is None else configs
    known = available_environments(folder)
    if file not in known:
        raise _unknown_environment(file, known, folder)
    loaded = Reading(folder, file, known).loaded()
    if name in (None, file):
        return loaded
    return replace(loaded, config=_named(loaded.config, str(name), known))


def available_environments(configs: Path | None = None) -> list[str]:
    """The environments that have a file, in the order of the alphabet.

    Raises:
        UsageError: there is no folder of environments.
    """
    folder = configs_folder() if configs is None else configs
    environments = folder / ENVIRONMENTS_FOLDER
    if not environments.is_dir():
        raise UsageError(
            "there is no folder of environments",
            where=shown(environments),
            fix="Run from a clone of zenstrap, or let ZENSTRAP_CONFIGS name a folder like configs/",
        )
    return sorted(names_in(environments))


def _named(config: EnvironmentConfig, name: str, known: list[str]) -> EnvironmentConfig:
    """The same configuration for an environment of another name."""
    if fault := environment_name_fault(name):
        raise UsageError(fault, where="--name")
    if name in known:
        raise UsageError(
            f"there is an environment {name} already",
            where="--name",
            why=f"It has a file of its own, {ENVIRONMENTS_FOLDER}/{name}.yaml",
            fix="Choose another name",
        )
    named = config.model_copy(update={"environment": name})
    if found := "; ".join(map(str, violations(named))):
        raise UsageError(
            f"{config.environment} can't have the name {name} as well",
            where="--name",
            why=found,
            fix="Choose another name",
        )
    return named


def _unknown_environment(name: str, known: list[str], folder: Path) -> UnknownEnvironmentError:
    environments = folder / ENVIRONMENTS_FOLDER
    listed = f"There are: {', '.join(known)}" if known else "There are none yet"
    message = f"there is no environment {quoted(name)}"
    other = environments / f"{name}.yml"
    if other in environments.glob("*.yml"):
        return UnknownEnvironmentError(
            message,
            near=True,
            is_misnamed=True,
            where=shown(other),
            why="Environments are read from .yaml files",
            fix=f"Rename the file to {name}.yaml",
        )
    near = get_close_matches(name[:40].lower(), known, n=1, cutoff=0.5)
    fix = f"Did you mean {near[0]}? {listed}" if near else listed
    is_new = environment_name_fault(name) is None and not near
    if is_new:
        fix += f". For a new one, write {shown(environments / f'{name}.yaml')}"
    return UnknownEnvironmentError(message, near=not is_new, where=shown(environments), fix=fix)
