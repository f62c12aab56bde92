"""Which packages a training needs, pinned to versions that a package index has."""

from __future__ import annotations

import importlib.metadata
import json

from zenstrap.errors import ZenstrapError

BUILT_IN = ("numpy",)  # what the smoke test's own steps need, beside ZenML


def training_requirements(training: str | None) -> tuple[str, ...]:
    """The requirements, pinned to the versions that are installed here.

    Args:
        training: the configuration's ``smoke_test.training``, package.module:function.

    Raises:
        ZenstrapError: its package is not installed, or not from a package index.
    """
    names = [*BUILT_IN]
    if training is not None:
        names.append(_distribution(training))
    return tuple(f"{name}=={importlib.metadata.version(name)}" for name in names)


def _distribution(training: str) -> str:
    package = training.partition(":")[0].partition(".")[0]
    distributions = importlib.metadata.packages_distributions().get(package)
    if not distributions:
        raise ZenstrapError(
            f"no installed package has the module {package}",
            where=training,
            fix="Install the package of smoke_test.training, or correct the name.",
        )
    name = distributions[0]
    # A clone's own metadata may exist beside that of its installation.
    origins = [d.read_text("direct_url.json") for d in importlib.metadata.distributions(name=name)]
    if any(origin is not None and "dir_info" in json.loads(origin) for origin in origins):
        raise ZenstrapError(
            f"the package {name} is installed from a folder on this machine",
            where=training,
            why="The machines of a cloud stack install it by name and version.",
            fix="Publish it to your package index and install it from there.",
        )
    return name
