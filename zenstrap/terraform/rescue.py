"""States that Terraform could not save to the backend: saved to a file, and found by the next run.

Terraform writes such a state to its working folder, or prints it. That folder is in the clone, so
the file is moved at once; the next run restores the state from it (zenstrap.lifecycle.rescuing).
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from zenstrap import plain_files
from zenstrap.errors import StateGuardError
from zenstrap.terraform.state import StateIdentity, parse_state

ERRORED: Final = "errored.tfstate"
"""Terraform's name for such a file; zenstrap keeps it."""

_PATTERNS: Final = ("errored*.tfstate", "rescued*.tfstate")  # older versions wrote the second

# Bytes. Terraform writes the lineage before all resources, so a truncated state still has it.
_HEAD: Final = 4096
_LINEAGE: Final = re.compile(rb'"lineage":\s*"([^"]+)"')


@dataclass(frozen=True)
class Rescued:
    """A complete state in a file outside of the backend.

    Attributes:
        content: holds secrets, so the repr leaves it out.
        is_proven: its folder belongs to this environment only.
        written: seconds since the epoch.
    """

    file: Path
    identity: StateIdentity
    content: bytes
    is_proven: bool = True
    written: float = 0.0

    def __repr__(self) -> str:
        return f"Rescued({self.file}, {self.identity})"


def folders(own: Path, state: str) -> tuple[Path, ...]:
    """The folders for a state that can't be saved to the backend, the preferred one first.

    Args:
        own: the environment's folder.
        state: path or URL of its state; environments in several homes share the second folder.
    """
    return (own, _shared() / sha256(state.encode()).hexdigest()[:16])


def keep(content: str, places: Sequence[Path]) -> Path:
    """Write a state into the first folder that has room for it.

    Raises:
        OSError: it could not be written to any of them.
    """
    error: OSError | None = None
    for folder in places:
        try:
            return _kept(content.encode(), folder)
        except OSError as failure:
            error = failure
    assert error is not None, "places is empty"
    raise error


def take_errored(
    root: Path, places: Sequence[Path], *, since: float, printed: bool = False
) -> Path | None:
    """Move a state that Terraform wrote into the module's folder to where only the user reads it.

    Args:
        since: seconds since the epoch; an older file is another run's.
        printed: Terraform printed the state as well, because it could not write all of it.

    Returns:
        Where it is now: still in the module if no other folder has room. None if there is no such
        state.
    """
    errored = root / ERRORED
    try:
        # Whole seconds: file systems are coarser than clocks.
        if errored.stat().st_mtime < int(since):
            return None
        content = plain_files.read(errored).decode()
        parse_state(content, where=str(errored))
    except (OSError, ValueError, StateGuardError):
        if printed:
            errored.unlink(missing_ok=True)
        return None
    try:
        kept = keep(content, places)
    except OSError:
        with suppress(OSError):
            errored.chmod(0o600)
        return errored
    errored.unlink()
    return kept


def find_rescued(places: Sequence[Path], roots: Sequence[Path] = ()) -> tuple[Rescued, ...]:
    """The complete states in these folders, the newest of each lineage last.

    Args:
        places: see :func:`folders`.
        roots: modules in which a killed run may have left one; other environments use them too.
    """
    states = [
        state
        for folder, is_proven in [*((p, True) for p in places), *((r, False) for r in roots)]
        if _is_ours(folder)
        for pattern in _PATTERNS
        for file in sorted(folder.glob(pattern))
        if (state := _read(file, is_proven)) is not None
    ]
    return tuple(sorted(states, key=lambda state: state.identity.serial))


def lineage_in(fragment: bytes) -> str | None:
    """The lineage that a damaged state still contains."""
    match = _LINEAGE.search(fragment[:_HEAD])
    return match[1].decode(errors="replace") if match else None


def _kept(content: bytes, folder: Path) -> Path:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(f"{folder} belongs to another user")
    number = 1
    while (file := folder / _numbered(number)).exists():
        number += 1
    with plain_files.removed_unless_done(file.with_suffix(".new")) as new:
        plain_files.write_privately(new, content)
        new.rename(file)
    return file


def _numbered(number: int) -> str:
    return ERRORED if number == 1 else f"errored-{number}.tfstate"


def _is_ours(folder: Path) -> bool:
    """Whether it exists and is this user's: any user may create it in the temporary folder."""
    if folder.parent != _shared():
        return folder.is_dir()
    try:
        statuses = [folder.parent.lstat(), folder.lstat()]
    except OSError:
        return False
    return all(stat.S_ISDIR(s.st_mode) and s.st_uid == os.getuid() for s in statuses)


def _shared() -> Path:
    """This user's folder in the system's temporary folder, for all environments."""
    return Path(tempfile.gettempdir()) / f"zenstrap-{os.getuid()}"


def _read(file: Path, is_proven: bool) -> Rescued | None:
    try:
        content, written = plain_files.read(file), file.stat().st_mtime
        return Rescued(file, parse_state(content, where=str(file)), content, is_proven, written)
    except (OSError, StateGuardError):
        return None
