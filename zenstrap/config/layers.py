"""Reads, merges and validates the files of one environment.

First each file is validated on its own, so that an error names the file that causes it. Then the
files are merged, and the whole is checked for missing keys and for the rules between keys. A wrong
value is replaced in memory by a valid one, so that the rest can still be checked.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from zenstrap.config.files import defaults_file, environment_file, example_text, project_file
from zenstrap.config.models import EnvironmentConfig, model_of
from zenstrap.config.names import (
    COMPONENT_KINDS,
    ComponentKind,
    environment_name_fault,
    nearest,
    project_name_fault,
)
from zenstrap.config.platforms import PLATFORMS, flavors_of
from zenstrap.config.problems import (
    place_of,
    problem_of,
    unknown_key,
    with_known_keys,
    without_faults,
)
from zenstrap.config.reading import read
from zenstrap.config.rules import violations, without_effect
from zenstrap.config.trees import (
    Origin,
    Scalar,
    Sequence,
    Table,
    at,
    is_doubtful,
    laid,
    origin_of,
    plain,
)
from zenstrap.config.violations import Placed, Violation
from zenstrap.errors import ConfigError, ConfigProblem

DEFAULTS_FILE: Final = "defaults.yaml"
ENVIRONMENTS_FOLDER: Final = "environments"
PROJECTS_FOLDER: Final = "ml_projects"
M = TypeVar("M", bound=BaseModel)
_REQUIRED_KINDS: Final = frozenset({"artifact_store", "orchestrator"})


@dataclass(frozen=True)
class Loaded:
    """One environment's configuration.

    Attributes:
        warnings: keys in the files that have no effect, each with file and line.
        placed: finds file and line of a rule violation that is found later.
    """

    config: EnvironmentConfig
    warnings: tuple[ConfigProblem, ...]
    placed: Placed


class Reading:
    """Reads one environment and collects every problem on the way."""

    def __init__(self, folder: Path, environment: str, known: list[str]) -> None:
        self._folder = folder
        self._environment = environment
        self._known = known
        self._defaults = shown(folder / DEFAULTS_FILE)
        self._own = shown(folder / ENVIRONMENTS_FOLDER / f"{environment}.yaml")
        self._problems: list[ConfigProblem] = []
        self._warnings: list[ConfigProblem] = []
        self._causes: set[tuple[str, str, int | None]] = set()

    def loaded(self) -> Loaded:
        tree = self._merged_tree()
        config = self._checked(tree) if tree is not None else None
        if tree is None or config is None or self._problems:
            raise ConfigError(sorted(self._problems, key=self._order))
        placed = (self._placed(violation, tree) for violation in without_effect(config))
        warnings = (*placed, *self._warnings)
        return Loaded(
            config, tuple(sorted(warnings, key=self._order)), partial(self._placed, tree=tree)
        )

    def _merged_tree(self) -> Table | None:
        """All files merged; None if too little of them could be read."""
        path = self._folder / ENVIRONMENTS_FOLDER / f"{self._environment}.yaml"
        own = self._read(path, environment_file())
        defaults_path = self._folder / DEFAULTS_FILE
        defaults: Table | None = Table(Origin(self._defaults, None, ""))
        if defaults_path.exists() or defaults_path.is_symlink():
            defaults = self._read(defaults_path, defaults_file())
        own = self._with_its_name(own) if own is not None else None
        if own is None or defaults is None:
            listed = own if own is not None else defaults
            for name, origin in self._listed_projects(listed) if listed is not None else ():
                self._project_tree(name, origin)
            return None
        own = self._with_its_platform(own, defaults)
        platform = _text(laid(defaults, own), "platform") or ""
        tree = laid(defaults.without("platforms"), defaults.table("platforms", platform), own)
        return self._with_projects(_without_null_labels(tree))

    def _read(self, path: Path, model: type[BaseModel]) -> Table | None:
        """A file's tree without its faults; None if the file isn't a map."""
        tree, problems = read(path, shown(path))
        self._problems += problems
        if problems and not tree.entries:
            return None
        return self._sound(tree, model)

    def _sound(self, tree: Table, model: type[BaseModel]) -> Table:
        known, unknown = with_known_keys(tree, model)
        for location, origin in unknown:
            self._add(unknown_key(location, model, origin))
        _, errors = _validated(known, model)
        for error in errors:
            self._add(problem_of(error, model, known))
        return without_faults(errors, model, known)

    def _with_its_name(self, own: Table) -> Table:
        name = own.get("environment")
        origin = name.origin if name is not None else Origin(own.origin.file, None, "environment")
        written = self._environment
        if isinstance(name, Scalar) and "environment" not in own.doubtful:
            written = str(name.value)
        if written != self._environment:
            self._blame(
                origin,
                f"is '{written}', but the file is {self._environment}.yaml",
                f"Write {self._environment}, or rename the file",
            )
        return own.having("environment", Scalar(origin, self._environment))

    def _with_its_platform(self, own: Table, defaults: Table) -> Table:
        """With a likely platform if none is set: most keys can't be checked without one."""
        if "platform" in own.entries or "platform" in defaults.entries:
            return own
        self._blame(
            Origin(own.origin.file, None, "platform"),
            "is missing",
            f"Add {', or '.join(f'platform: {name}' for name in PLATFORMS)}",
        )
        likely = [
            name
            for name, platform in PLATFORMS.items()
            if name == self._environment or not own.entries.keys().isdisjoint(platform.sections)
        ]
        own = own.having("platform", Scalar(own.origin, next(iter([*likely, *PLATFORMS]))))
        return replace(own, doubtful=own.doubtful | {"platform"})

    # --- ML projects ---

    def _with_projects(self, tree: Table) -> Table:
        listed = tree.get("ml_projects")
        if listed is None:
            return tree
        projects = Table(listed.origin)
        for name, origin in self._listed_projects(tree):
            own = self._project_tree(name, origin)
            if own is not None:
                projects = projects.having(name, self._resolved(own, tree))
        return tree.having("ml_projects", projects)

    def _listed_projects(self, tree: Table) -> list[tuple[str, Origin]]:
        """The names in ml_projects that could be read, each once."""
        listed = tree.get("ml_projects")
        items = listed.items if isinstance(listed, Sequence) else ()
        origins: dict[str, Origin] = {}
        for item in items:
            if not isinstance(item, Scalar) or not isinstance(item.value, str):
                continue
            if item.value in origins:
                self._blame(
                    item.origin,
                    f"'{item.value}' is listed twice",
                    "Keep one of them",
                )
            elif project_name_fault(item.value) is None:
                origins[item.value] = item.origin
        return list(origins.items())

    def _project_tree(self, name: str, listed_at: Origin) -> Table | None:
        """An ML project's file; None if it doesn't exist or isn't a map."""
        folder = self._folder / PROJECTS_FOLDER
        known = names_in(folder) if folder.is_dir() else []
        if name not in known:
            self._add(self._unknown_project(name, known, listed_at))
            return None
        tree = self._read(folder / f"{name}.yaml", project_file())
        if tree is not None:
            self._check_environment_names(tree)
        return tree

    def _unknown_project(self, name: str, known: list[str], origin: Origin) -> ConfigProblem:
        path = shown(self._folder / PROJECTS_FOLDER / f"{name}.yaml")
        near = nearest(name, known)
        return ConfigProblem(
            origin.file,
            origin.line,
            origin.key,
            f"there is no ML project '{name}'",
            f"Did you mean {near}?" if near else f"Write {path}, or remove the name",
        )

    def _check_environment_names(self, tree: Table) -> None:
        table = tree.table("environments")
        for name in table.entries:
            if name in self._known or environment_name_fault(name) is not None:
                continue
            near = nearest(name, self._known)
            origin = table.keys[name]
            message = f"there is no environment '{name}'"
            if near:
                self._blame(origin, message, f"Did you mean {near}?")
            else:  # only a warning: ML projects may still name an environment that was deleted
                self._warnings.append(
                    ConfigProblem(origin.file, origin.line, origin.key, f"has no effect: {message}")
                )

    def _check_override_versions(self, tree: Table) -> None:
        components = tree.table("components")
        for name, override in components.entries.items():
            if not isinstance(override, Table) or "version" in override.entries:
                continue
            origin = origin_of(("components", name, "version"), tree)
            self._blame(
                origin,
                "is missing: a component that an ML project overrides needs its own version",
                f"Add components.{name}.version: 1.0.0 at the top of the file",
            )

    def _resolved(self, own: Table, environment: Table) -> Table:
        """An ML project's own keys, merged over those that it shares with its environment."""
        layers = laid(
            own.without("platforms", "environments"),
            own.table("platforms", _text(environment, "platform") or ""),
            own.table("environments", self._environment),
        )
        # A missing key is missing in the file as a whole, not in the layer that was merged last.
        own = replace(layers, origin=own.origin)
        self._check_override_versions(own)
        overridden = own.table("components").entries
        names = tuple(
            Scalar(own.origin, name)
            for name in dict.fromkeys((*COMPONENT_KINDS, *overridden))
            if isinstance(overridden.get(name), Table)
        )
        shared = Table(own.origin)
        for key, path in (
            ("components", ("stack", "components")),
            ("smoke_test", ("smoke_test",)),
            ("labels", ("labels",)),
        ):
            tree = environment.get(*path)
            if tree is not None:
                shared = shared.having(key, tree)
        shared = shared.having("smoke_test", shared.table("smoke_test"))
        whole = _without_null_labels(laid(shared, own))
        return whole.having("overrides", Sequence(own.origin, names))

    # --- The merged configuration ---

    def _checked(self, tree: Table) -> EnvironmentConfig | None:
        platform = _text(tree, "platform") or ""
        model = model_of(platform)
        config, errors = _validated(tree, model)
        for error in errors:
            if violation := _of_flavor(error, tree) or _of_platform(error, platform):
                self._add_violation(violation, tree)
            elif not is_doubtful(error["loc"], tree):
                self._add_problem(problem_of(error, model, tree), error, tree)
        if errors:  # valid values in their place, so that the rules can be checked
            tree = without_faults(errors, model, tree)
            config, _ = _validated(tree, model)
        for violation in violations(config) if config is not None else ():
            self._add_violation(violation, tree)
        return config

    def _add_problem(self, problem: ConfigProblem, details: ErrorDetails, tree: Table) -> None:
        if details["type"] == "missing" and problem.file == self._defaults:
            # The environment's own file must set the version; the defaults can't.
            if "platform" in tree.doubtful or details["loc"][0] == "ml_projects":
                return  # the base stack's missing keys are reported
            key = ".".join(map(str, details["loc"]))
            *_, kind, last = details["loc"]
            if kind in COMPONENT_KINDS and last == "version":
                key = key.rpartition(".")[0]
                omit = f", or {kind}: null to omit it" if _can_be_left_out(kind, tree) else ""
                suggestion = f"Add {kind}: {{version: 1.0.0}}{omit}"
                problem = replace(problem, message="has no version", suggestion=suggestion)
            problem = replace(problem, file=self._own, line=None, key=key)
        self._add(problem)

    def _add_violation(self, violation: Violation, tree: Table) -> None:
        locations = [tuple(key.split(".")) for key in violation.keys]
        if any(is_doubtful(location, tree) for location in locations):
            return
        problem = self._placed(violation, tree)
        # A problem that ML projects inherit from the base stack is reported once, for that stack.
        key = re.sub(r"^ml_projects\.[a-z0-9_]+\.", "stack.", violation.keys[0])
        cause = (key, problem.file, problem.line)
        if cause not in self._causes:
            self._causes.add(cause)
            self._add(problem)

    def _placed(self, violation: Violation, tree: Table) -> ConfigProblem:
        """A violation with the file and line that cause it."""
        locations = [tuple(key.split(".")) for key in violation.keys]
        blamed = origin_of(locations[0], tree)
        # If an environment's own file contradicts a default, the environment's file is blamed.
        present = [origin_of(loc, tree) for loc in locations if at(loc, tree) is not None]
        own = [origin for origin in present if origin.file != self._defaults]
        line = next(iter(own or present), blamed)
        key = blamed.key if blamed.file == line.file else violation.keys[0]
        return ConfigProblem(line.file, line.line, key, violation.message, violation.suggestion)

    def _blame(self, origin: Origin, message: str, suggestion: str) -> None:
        self._add(ConfigProblem(origin.file, origin.line, origin.key, message, suggestion))

    def _add(self, problem: ConfigProblem) -> None:
        # ML projects share the base stack's components, and so its faults.
        if problem not in self._problems:
            self._problems.append(problem)

    def _order(self, problem: ConfigProblem) -> tuple[int, str, int]:
        rank = {self._own: 0, self._defaults: 1}.get(problem.file, 2)
        return rank, problem.file, problem.line or 0


def _of_flavor(error: ErrorDetails, tree: Table) -> Violation | None:
    """An error about a setting that only other flavors have."""
    location = place_of(error)
    if error["type"] != "extra_forbidden" or "components" not in location[-3:-2]:
        return None
    *above, name, setting = map(str, location)
    component = tree.get(*above, name)
    if not isinstance(component, Table):
        return None
    kind, own = _text(component, "kind") or name, _text(component, "flavor")
    others = [
        flavor.name
        for flavor in flavors_of(cast(ComponentKind, kind))
        if setting in flavor.component.model_fields
    ]
    at = ".".join((*above, name))
    return Violation(
        (f"{at}.{setting}", f"{at}.flavor"),
        f"is not a setting of flavor {own}, only of {' and '.join(sorted(others))}",
        "Remove it, or change the flavor",
    )


def _of_platform(error: ErrorDetails, platform: str) -> Violation | None:
    """An error about a section that only some platforms have."""
    section = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        message, way_out = f"doesn't belong to platform {platform}", "Remove it, or change platform"
    elif error["type"] == "missing" and (section,) == error["loc"]:
        if section not in PLATFORMS[platform].sections:
            return None
        message = f"is missing, but platform {platform} needs it"
        way_out = f"Add {section}: {example_text(PLATFORMS[platform].model.model_fields[section])}"
    else:
        return None
    return Violation((section, "platform"), message, way_out)


def _validated(tree: Table, model: type[M]) -> tuple[M | None, list[ErrorDetails]]:
    """The model of a tree's values, or every validation error."""
    try:
        return model.model_validate(plain(tree)), []
    except ValidationError as error:
        return None, error.errors(include_url=False, include_input=False)


def _can_be_left_out(kind: str, tree: Table) -> bool:
    """Whether a stack can omit a component of this kind, as far as its configuration shows."""
    if kind in _REQUIRED_KINDS:
        return False
    runner = tree.get("stack", "components", "orchestrator", "flavor")
    runs_here = isinstance(runner, Scalar) and runner.value == "local"
    return runs_here or kind not in ("container_registry", "image_builder")


def _without_null_labels(tree: Table) -> Table:
    """Without labels that are null: null removes a label of a lower layer."""
    labels = tree.get("labels")
    if not isinstance(labels, Table):
        return tree
    nulls = [k for k, v in labels.entries.items() if isinstance(v, Scalar) and v.value is None]
    return tree.having("labels", labels.without(*nulls))


def _text(tree: Table, key: str) -> str | None:
    value = tree.get(key)
    return value.value if isinstance(value, Scalar) and isinstance(value.value, str) else None


def names_in(folder: Path) -> list[str]:
    return [path.stem for path in folder.glob("*.yaml") if not path.name.startswith(".")]


def shown(path: Path) -> str:
    """A path as the user would write it: relative, if it is below the working directory."""
    path = Path(os.path.abspath(path))
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
