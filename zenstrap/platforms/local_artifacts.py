"""The content of a local environment's artifact folder: its own stores, and other files."""

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
    """The artifact stores below an environment's folder that carry its marker file."""
    return [path for path in _entries(root) if _is_ours(path, environment, owner)]


def marks(root: Path, environment: str) -> tuple[tuple[str, str], ...]:
    """The artifact stores of an environment of that name, of any owner, with the owner's id."""
    markers = ((path, _marker(path)) for path in _entries(root))
    return tuple(
        (str(path), marker["owner"])
        for path, marker in markers
        if _names(marker, environment) and isinstance(marker.get("owner"), str)
    )


def foreign(root: Path, environment: str, owner: str) -> tuple[Kept, ...]:
    """Entries that a ``down`` leaves in place, because they aren't the environment's."""
    return tuple(
        Kept(name=str(path), reason=_why(path))
        for path in _entries(root)
        if not _is_ours(path, environment, owner)
    )


def is_in_state(path: str, in_state: Sequence[StateResource]) -> bool:
    """Whether a folder is in Terraform's state, where its path is the key."""
    key = f"[{json.dumps(path, ensure_ascii=False)}]"
    return any(resource.address.endswith(key) for resource in in_state)


def take_over_folders(
    workspace: Workspace, run: Run, root: Path, variables: Mapping[str, object]
) -> tuple[str, ...]:
    """Before a ``down``: add folders with the owner's mark to the state, so that they are deleted.

    Creating a folder that exists already changes only its marker file.

    Args:
        variables: as for a plan.

    Returns:
        What was taken over, one sentence each.
    """
    marked = [path for path, owner in marks(root, workspace.environment) if owner == run.owner]
    in_state = workspace.resources() if marked else ()
    unrecorded = [path for path in marked if not is_in_state(path, in_state)]
    if not unrecorded:
        return ()
    run.guard()
    projects = {path.name for path in map(Path, unrecorded) if path.parent.name == _PROJECTS}
    configured = variables["ml_projects"]
    assert isinstance(configured, list), "the root module of platform local expects a list"
    quiet = replace(workspace, emit=ignore)
    plan = quiet.plan(
        {**variables, "ml_projects": sorted({*configured, *projects})},
        only=[_address(Path(path)) for path in unrecorded],
    )
    if plan.destructive:
        return ()  # belongs to another owner; Terraform reports the error later
    quiet.apply(plan.digest)
    return tuple(
        f"Adopted: {path}, which an earlier run of this owner created but didn't record."
        for path in unrecorded
    )


def _address(path: Path) -> str:
    """The address of a folder in the root module."""
    project = path.parent.name == _PROJECTS
    module = f'module.ml_projects["{path.name}"]' if project else f"module.{path.name}"
    return f"{module}.terraform_data.folder[{json.dumps(str(path), ensure_ascii=False)}]"


def _entries(root: Path) -> Iterator[Path]:
    """Everything that may be an artifact store. Symbolic links aren't followed."""
    projects = root / _PROJECTS
    for folder in (root, projects):
        if folder.is_dir() and (folder == root or not folder.is_symlink()):
            for path in sorted(folder.iterdir()):
                if path != projects or path.is_symlink() or not path.is_dir():
                    yield path


def _is_ours(path: Path, environment: str, owner: str) -> bool:
    marker = _marker(path)
    return _names(marker, environment) and marker.get("owner") in (None, "", owner)


def _marker(path: Path) -> dict[str, Any]:
    """The content of a folder's marker file; empty if it is missing or not valid."""
    file = path / MARKER
    if path.is_symlink() or file.is_symlink():
        return {}
    try:
        marker = json.loads(plain_files.read(file))
    except (OSError, ValueError, RecursionError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _names(marker: dict[str, Any], environment: str) -> bool:
    return (marker.get("managed_by"), marker.get("environment")) == ("zenstrap", environment)


def _why(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link, which zenstrap doesn't follow"
    if path.is_dir():
        return f"its {MARKER} is missing, or belongs to another owner"
    return "not created by zenstrap"
