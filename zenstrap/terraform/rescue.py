"""States that could not be saved in their place: kept where there is room, and found again.

Terraform leaves such a state in its working folder, or prints it. That folder is the clone's, so
it is moved on at once; the next run puts it in its place (zenstrap.lifecycle.rescuing).
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
"""How Terraform calls it; zenstrap keeps the name."""

_PATTERNS: Final = ("errored*.tfstate", "rescued*.tfstate")  # the second of older versions

# What remains of a truncated state begins so: Terraform writes these before all resources.
_HEAD: Final = 4096
_LINEAGE: Final = re.compile(rb'"lineage":\s*"([^"]+)"')


@dataclass(frozen=True)
class Rescued:
    """A whole state that lies somewhere else than in its place.

    Attributes:
        content: holds secrets, so no repr shows it.
        is_proven: its folder belongs to the environment alone.
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
    """Where a state of an environment is kept if it can't be saved, the best place first.

    Args:
        own: the environment's folder.
        state: the place of its state; environments of several homes share the second folder.
    """
    return (own, _shared() / sha256(state.encode()).hexdigest()[:16])


def keep(content: str, places: Sequence[Path]) -> Path:
    """Write a state into the first folder that takes the whole of it.

    Raises:
        OSError: none did.
    """
    error: OSError | None = None
    for folder in places:
        try:
            return _kept(content.encode(), folder)
        except OSError as failure:
            error = failure
    assert error is not None, "there is a folder to try"
    raise error


def take_errored(
    root: Path, places: Sequence[Path], *, since: float, printed: bool = False
) -> Path | None:
    """Move a state that Terraform left in the module to where only the user can read it.

    Args:
        since: seconds since the epoch; an older file is somebody else's.
        printed: Terraform printed the state, because it could not write the whole of it.

    Returns:
        Where it is now: in the module still, where no other folder takes it. None if there is
        none.
    """
    left = root / ERRORED
    try:
        # Whole seconds: file systems are coarser than clocks.
        if left.stat().st_mtime < int(since):
            return None
        content = plain_files.read(left).decode()
        parse_state(content, where=str(left))
    except (OSError, ValueError, StateGuardError):
        if printed:
            left.unlink(missing_ok=True)
        return None
    try:
        kept = keep(content, places)
    except OSError:
        with suppress(OSError):
            left.chmod(0o600)
        return left
    left.unlink()
    return kept


def find_rescued(places: Sequence[Path], roots: Sequence[Path] = ()) -> tuple[Rescued, ...]:
    """The whole states that lie in these folders, the newest of each lineage last.

    Args:
        places: see :func:`folders`.
        roots: modules in which a killed run may have left one; other environments use them too.
    """
    found = [
        one
        for folder, is_proven in [*((p, True) for p in places), *((r, False) for r in roots)]
        if _is_ours(folder)
        for pattern in _PATTERNS
        for file in sorted(folder.glob(pattern))
        if (one := _read(file, is_proven)) is not None
    ]
    return tuple(sorted(found, key=lambda one: one.identity.serial))


def lineage_in(fragment: bytes) -> str | None:
    """The lineage that a damaged state still tells."""
    found = _LINEAGE.search(fragment[:_HEAD])
    return found[1].decode(errors="replace") if found else None


def _kept(content: bytes, folder: Path) -> Path:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(f"{folder} is somebody else's")
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
    """Whether it is there and we made it: everybody may make one where temporary files lie."""
    if folder.parent != _shared():
        return folder.is_dir()
    try:
        found = [folder.parent.lstat(), folder.lstat()]
    except OSError:
        return False
    return all(stat.S_ISDIR(one.st_mode) and one.st_uid == os.getuid() for one in found)


def _shared() -> Path:
    """This user's folder where temporary files lie, for all environments."""
    return Path(tempfile.gettempdir()) / f"zenstrap-{os.getuid()}"


def _read(file: Path, is_proven: bool) -> Rescued | None:
    try:
        content, written = plain_files.read(file), file.stat().st_mtime
        return Rescued(file, parse_state(content, where=str(file)), content, is_proven, written)
    except (OSError, StateGuardError):
        return None
