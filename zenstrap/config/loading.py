"""Loads one environment from configs/, or raises every problem of its files."""

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
    """The configuration of an environment, without warnings; see :func:`load`."""
    return load(file, configs, name=name).config


def load(file: str, configs: Path | None = None, *, name: str | None = None) -> Loaded:
    """The configuration of an environment, and warnings about its files.

    Args:
        file: the environment's file without .yaml, which is its name as well.
        configs: the folder of the configuration; None: the clone's, or ``ZENSTRAP_CONFIGS``.
        name: the name of another environment that has the same configuration; None: the file's.

    Raises:
        UsageError: the folder or environment doesn't exist, or the name is taken.
        ConfigError: the files are not valid; carries every problem.
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
    """The environments that have a file, sorted by name.

    Raises:
        UsageError: the folder of environments doesn't exist.
    """
    folder = configs_folder() if configs is None else configs
    environments = folder / ENVIRONMENTS_FOLDER
    if not environments.is_dir():
        raise UsageError(
            "there is no folder of environments",
            where=shown(environments),
            fix="Run from a clone of zenstrap, or set ZENSTRAP_CONFIGS to a folder like configs/",
        )
    return sorted(names_in(environments))


def _named(config: EnvironmentConfig, name: str, known: list[str]) -> EnvironmentConfig:
    """The same configuration under another name."""
    if fault := environment_name_fault(name):
        raise UsageError(fault, where="--name")
    if name in known:
        raise UsageError(
            f"environment {name} exists already",
            where="--name",
            why=f"It has a file of its own, {ENVIRONMENTS_FOLDER}/{name}.yaml",
            fix="Choose another name",
        )
    named = config.model_copy(update={"environment": name})
    if problems := "; ".join(map(str, violations(named))):
        raise UsageError(
            f"{config.environment} can't be run under the name {name}",
            where="--name",
            why=problems,
            fix="Choose another name",
        )
    return named


def _unknown_environment(name: str, known: list[str], folder: Path) -> UnknownEnvironmentError:
    environments = folder / ENVIRONMENTS_FOLDER
    listed = f"Environments: {', '.join(known)}" if known else "There are no environments yet"
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
