"""What lies in a local environment's artifact folder: its own, and what somebody else put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from zenstrap.reports import Kept

MARKER: Final = ".zenstrap.json"  # see terraform_modules/local_artifact_store
_PROJECTS: Final = "ml_projects"


def own_folders(root: Path, environment: str, owner: str) -> list[Path]:
    """The artifact stores below an environment's folder that carry its marker."""
    return [path for path in _entries(root) if _is_ours(path, environment, owner)]


def foreign(root: Path, environment: str, owner: str) -> tuple[Kept, ...]:
    """What a ``down`` leaves below that folder, because it isn't the environment's."""
    return tuple(
        Kept(name=str(path), reason=_why(path))
        for path in _entries(root)
        if not _is_ours(path, environment, owner)
    )


def _entries(root: Path) -> Iterator[Path]:
    """What could be an artifact store, and what lies beside those. No link is followed."""
    projects = root / _PROJECTS
    for folder in (root, projects):
        if folder.is_dir() and (folder == root or not folder.is_symlink()):
            for path in sorted(folder.iterdir()):
                if path != projects or path.is_symlink() or not path.is_dir():
                    yield path


def _is_ours(path: Path, environment: str, owner: str) -> bool:
    marker = path / MARKER
    if path.is_symlink() or marker.is_symlink():
        return False
    try:
        found = json.loads(marker.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return (
        isinstance(found, dict)
        and (found.get("managed_by"), found.get("environment")) == ("zenstrap", environment)
        and found.get("owner") in (None, "", owner)
    )


def _why(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link, and zenstrap follows none"
    if path.is_dir():
        return f"its {MARKER} is missing, or is somebody else's"
    return "somebody else put it there"
