"""What lies in a local environment's artifact folder: its own, and what somebody else put there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from zenstrap import plain_files
from zenstrap.events import ignore
from zenstrap.platforms.base import Run
from zenstrap.reports import Kept
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.workspace import Workspace

MARKER: Final = ".zenstrap.json"  # see terraform_modules/local_artifact_store
_PROJECTS: Final = "ml_projects"


def own_folders(root: Path, environment: str, owner: str) -> list[Path]:
    """The artifact stores below an environment's folder that carry its marker."""
    return [path for path in _entries(root) if _is_ours(path, environment, owner)]


def marks(root: Path, environment: str) -> tuple[tuple[str, str], ...]:
    """The artifact stores of an environment of that name, whoever's, each with its owner's id."""
    found = ((path, _marker(path)) for path in _entries(root))
    return tuple(
        (str(path), marker["owner"])
        for path, marker in found
        if _names(marker, environment) and isinstance(marker.get("owner"), str)
    )


def foreign(root: Path, environment: str, owner: str) -> tuple[Kept, ...]:
    """What a ``down`` leaves below that folder, because it isn't the environment's."""
    return tuple(
        Kept(name=str(path), reason=_why(path))
        for path in _entries(root)
        if not _is_ours(path, environment, owner)
    )


def is_in_state(path: str, in_state: Sequence[StateResource]) -> bool:
    """Whether Terraform's state has the folder, whose path is its key there."""
    key = f"[{json.dumps(path, ensure_ascii=False)}]"
    return any(one.address.endswith(key) for one in in_state)


def take_over_folders(
    workspace: Workspace, run: Run, root: Path, variables: Mapping[str, object]
) -> tuple[str, ...]:
    """Before a ``down``: bring into the state what carries the owner's mark, so that it goes too.

    To make a folder that is there already changes nothing of it but its marker.

    Args:
        variables: as for a plan.

    Returns:
        What was taken over, one sentence each.
    """
    found = [path for path, owner in marks(root, workspace.environment) if owner == run.owner]
    in_state = workspace.resources() if found else ()
    left = [path for path in found if not is_in_state(path, in_state)]
    if not left:
        return ()
    run.guard()
    projects = {path.name for path in map(Path, left) if path.parent.name == _PROJECTS}
    named = variables["ml_projects"]
    assert isinstance(named, list), "the root module of platform local takes them so"
    quiet = replace(workspace, emit=ignore)
    plan = quiet.plan(
        {**variables, "ml_projects": sorted({*named, *projects})},
        only=[_address(Path(path)) for path in left],
    )
    if plan.destructive:
        return ()  # somebody else's, and Terraform says so when it comes to that
    quiet.apply(plan.digest)
    return tuple(
        f"Adopted: {path}, which an earlier run of this owner made, and no state knows."
        for path in left
    )


def _address(path: Path) -> str:
    """Where a folder stands in the root module."""
    project = path.parent.name == _PROJECTS
    module = f'module.ml_projects["{path.name}"]' if project else f"module.{path.name}"
    return f"{module}.terraform_data.folder[{json.dumps(str(path), ensure_ascii=False)}]"


def _entries(root: Path) -> Iterator[Path]:
    """What could be an artifact store, and what lies beside those. No link is followed."""
    projects = root / _PROJECTS
    for folder in (root, projects):
        if folder.is_dir() and (folder == root or not folder.is_symlink()):
            for path in sorted(folder.iterdir()):
                if path != projects or path.is_symlink() or not path.is_dir():
                    yield path


def _is_ours(path: Path, environment: str, owner: str) -> bool:
    found = _marker(path)
    return _names(found, environment) and found.get("owner") in (None, "", owner)


def _marker(path: Path) -> dict[str, Any]:
    """What a folder's marker says; empty where there is none that counts."""
    marker = path / MARKER
    if path.is_symlink() or marker.is_symlink():
        return {}
    try:
        found = json.loads(plain_files.read(marker))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _names(marker: dict[str, Any], environment: str) -> bool:
    return (marker.get("managed_by"), marker.get("environment")) == ("zenstrap", environment)


def _why(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link, and zenstrap follows none"
    if path.is_dir():
        return f"its {MARKER} is missing, or is somebody else's"
    return "somebody else put it there"
