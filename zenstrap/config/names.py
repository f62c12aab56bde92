"""Rules for names, and suggestions for misspelt ones."""

from __future__ import annotations

import re
from difflib import get_close_matches
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

# zenml-ENV-PROJECT-vX.Y.Z is a stack and zenml-ENV-KIND-vX.Y.Z a component: if a project's name
# were a kind, or ended in one, the two couldn't be told apart.
RESERVED_PROJECT_ENDINGS: Final[tuple[str, ...]] = (*COMPONENT_KINDS, "connector")


def environment_name_fault(name: str) -> str | None:
    """Why this can't be an environment's name; None if it can."""
    if name in RESERVED_ENVIRONMENTS:
        return f"'{name}' is reserved: Terraform's default workspace has this name"
    if _matches(ENVIRONMENT_PATTERN, name):
        return None
    return (
        f"{quoted(name)} can't be an environment's name: up to 20 lower-case letters and digits, "
        "beginning with a letter, and no separators, so that zenml-ENV-PROJECT can be split "
        "into environment and ML project"
    )


def component_name_fault(name: str) -> str | None:
    """Why this can't be a component's name; None if it can."""
    if len(name) <= PROJECT_MAX_LENGTH and _matches(PROJECT_PATTERN, name):
        return None
    return (
        f"{quoted(name)} can't be a component's name: up to {PROJECT_MAX_LENGTH} lower-case "
        "letters and digits, beginning with a letter, words joined by single underscores"
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
                f"'{name}' can't be an ML project's name: its stack would have the name of "
                f"a component ({ending})"
            )
    return None


def version_fault(version: str) -> str | None:
    """Why this isn't a valid version; None if it is."""
    if _matches(VERSION_PATTERN, version):
        return None
    return (
        f"{quoted(version)} is not a valid version: three numbers joined by dots, MAJOR.MINOR.PATCH"
    )


def quoted(text: str) -> str:
    """A user's text for a message: short, on one line, in quotes."""
    return f"'{short(text)}'"


def short(text: str) -> str:
    """A user's text for a message: short, and on one line."""
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= 60 else f"{one_line[:57]}..."


def _matches(pattern: str, text: str) -> bool:
    # `$` alone would match before a trailing newline.
    return re.fullmatch(pattern, text) is not None


# Booleans in YAML 1.1, text in 1.2; `on` is not a misspelt `none`.
YAML_1_1_BOOLEANS: Final = frozenset({"yes", "no", "on", "off", "y", "n"})

# Words of other tools, and the values they stand for in a configuration.
_SYNONYMS: Final = {
    "ask": "terminal",
    "gcs": "gcp",
    "google": "gcp",
    "gke": "kubernetes",
    "interactive": "terminal",
    "laptop": "local",
    "manual": "terminal",
    "skypilot": "vm_gcp",
    "vertexai": "vertex",
    "vertex_ai": "vertex",
    "wif": "external-account",
    "workload-identity": "external-account",
    "workload-identity-federation": "external-account",
    "workload_identity": "external-account",
}


def nearest(word: str, words: list[str]) -> str | None:
    """The word that a misspelt one most likely stands for; None if none is close."""
    if word.lower() in YAML_1_1_BOOLEANS:
        return None
    known = _SYNONYMS.get(word.lower())
    if known in words:
        return known
    by_lower = {w.lower(): w for w in words}
    matches = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    if not matches:
        squeezed = {re.sub(r"[^a-z0-9]", "", lower): lower for lower in by_lower}
        matches = [squeezed[s] for s in [re.sub(r"[^a-z0-9]", "", word.lower())] if s in squeezed]
    return by_lower[matches[0]] if matches else None
