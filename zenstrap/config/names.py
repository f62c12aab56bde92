"""What an environment, an ML project and a stack component may be called."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

ComponentKind = Literal[
    "artifact_store",
    "container_registry",
    "orchestrator",
    "step_operator",
    "image_builder",
    "experiment_tracker",
    "deployer",
]
COMPONENT_KINDS: Final[tuple[ComponentKind, ...]] = get_args(ComponentKind)

ENVIRONMENT_PATTERN: Final = r"^[a-z][a-z0-9]{0,19}$"
PROJECT_PATTERN: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
PROJECT_MAX_LENGTH: Final = 40
VERSION_PATTERN: Final = r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$"

# Terraform's first workspace, which can't be created or deleted.
RESERVED_ENVIRONMENTS: Final = frozenset({"default"})

# zenml-ENV-PROJECT-vX.Y.Z is a stack and zenml-ENV-KIND-vX.Y.Z a component: a project that is
# called like a kind, or ends in one, would make the two indistinguishable.
RESERVED_PROJECT_ENDINGS: Final[tuple[str, ...]] = (*COMPONENT_KINDS, "connector")


def environment_name_fault(name: str) -> str | None:
    """Why this can't be an environment's name; None if it can."""
    if name in RESERVED_ENVIRONMENTS:
        return f"'{name}' is reserved: it is Terraform's own first workspace"
    if _matches(ENVIRONMENT_PATTERN, name):
        return None
    return (
        f"{quoted(name)} can't be an environment's name: up to 20 lower-case letters and digits, "
        "beginning with a letter, and no separators, because zenml-ENV-PROJECT must tell where "
        "the environment ends and the ML project begins"
    )


def project_name_fault(name: str) -> str | None:
    """Why this can't be an ML project's name; None if it can."""
    if len(name) > PROJECT_MAX_LENGTH or not _matches(PROJECT_PATTERN, name):
        return (
            f"{quoted(name)} can't be an ML project's name: up to {PROJECT_MAX_LENGTH} lower-case "
            "letters and digits, beginning with a letter, words joined by single underscores"
        )
    for ending in RESERVED_PROJECT_ENDINGS:
        if name == ending or name.endswith(f"_{ending}"):
            return (
                f"'{name}' can't be an ML project's name: its stack would be called like "
                f"a component ({ending})"
            )
    return None


def version_fault(version: str) -> str | None:
    """Why this isn't a version; None if it is one."""
    if _matches(VERSION_PATTERN, version):
        return None
    return f"{quoted(version)} is no version: three numbers joined by dots, MAJOR.MINOR.PATCH"


def quoted(text: str) -> str:
    """A user's text for a message: short, on one line, in quotes."""
    return f"'{short(text)}'"


def short(text: str) -> str:
    """A user's text for a message: short, and on one line."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 60 else f"{one_line[:57]}..."


def _matches(pattern: str, text: str) -> bool:
    # `$` alone would let a trailing newline through.
    return re.fullmatch(pattern, text) is not None
