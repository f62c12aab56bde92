"""The versions of a bucket's objects, and which of them are live, noncurrent or soft-deleted."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from zenstrap_rehearsal.storage.calls import JSON


class State(StrEnum):
    LIVE = "live"
    NONCURRENT = "noncurrent"
    SOFT_DELETED = "soft-deleted"


@dataclass
class Version:
    """One generation of an object: the resource as Google returns it, and its state."""

    resource: JSON
    state: State = State.LIVE

    @property
    def name(self) -> str:
        return str(self.resource["name"])

    @property
    def generation(self) -> str:
        return str(self.resource["generation"])

    def touch(self, updated: str) -> None:
        """Update metageneration and time after a change of the metadata."""
        self.resource["metageneration"] = str(int(self.resource["metageneration"]) + 1)
        self.resource["updated"] = updated
        self.mark()

    def mark(self) -> None:
        text = f"{self.generation}/{self.resource['metageneration']}"
        self.resource["etag"] = base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Keeping:
    """What a bucket keeps of versions that are replaced or deleted."""

    versioned: bool
    soft_delete_seconds: int
    now: datetime


class Shelf:
    """All versions of a bucket's objects. Callers hold the store's lock."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = {}

    @property
    def empty(self) -> bool:
        """Whether the bucket could be deleted: soft-deleted objects don't count."""
        return all(version.state is State.SOFT_DELETED for version in self)

    def __iter__(self) -> Iterator[Version]:
        """By name, then by age."""
        for name in sorted(self._versions):
            yield from list(self._versions[name])

    def live(self, name: str) -> Version | None:
        return next((v for v in self._versions.get(name, ()) if v.state is State.LIVE), None)

    def find(self, name: str, generation: str, *, soft_deleted: bool = False) -> Version | None:
        for version in self._versions.get(name, ()):
            if version.generation == generation:
                return version if (version.state is State.SOFT_DELETED) == soft_deleted else None
        return None

    def newer(self, version: Version) -> int:
        """How many newer versions exist, without deleted ones."""
        siblings = self._versions[version.name]
        after = siblings[siblings.index(version) + 1 :]
        return sum(other.state is not State.SOFT_DELETED for other in after)

    def put(self, version: Version, keeping: Keeping) -> None:
        """Add a live version; the previous live version is retired."""
        replaced = self.live(version.name)
        if replaced:
            self.retire(replaced, keeping)
        self._versions.setdefault(version.name, []).append(version)

    def restore(self, version: Version) -> None:
        """Add a version with its state; the versions of one object must be added oldest first."""
        self._versions.setdefault(version.name, []).append(version)

    def retire(self, version: Version, keeping: Keeping) -> None:
        """Make a live version noncurrent, or delete it if the bucket has no versioning."""
        if not keeping.versioned:
            self.delete(version, keeping)
            return
        version.state = State.NONCURRENT
        version.resource["timeDeleted"] = _timestamp(keeping.now)

    def delete(self, version: Version, keeping: Keeping) -> None:
        """Delete a version permanently, or softly if the bucket has soft deletion."""
        if keeping.soft_delete_seconds and version.state is not State.SOFT_DELETED:
            end = keeping.now + timedelta(seconds=keeping.soft_delete_seconds)
            version.state = State.SOFT_DELETED
            version.resource["softDeleteTime"] = _timestamp(keeping.now)
            version.resource["hardDeleteTime"] = _timestamp(end)
            return
        versions = self._versions[version.name]
        versions.remove(version)
        if not versions:
            del self._versions[version.name]


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
