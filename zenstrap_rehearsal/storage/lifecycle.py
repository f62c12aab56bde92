"""Lifecycle rules, as Google documents them: which object a rule applies to at a time.

https://cloud.google.com/storage/docs/lifecycle
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from zenstrap_rehearsal.storage.calls import JSON
from zenstrap_rehearsal.storage.versions import State, Version

_DELETE: Final = "Delete"
_SET_CLASS: Final = "SetStorageClass"


@dataclass(frozen=True)
class Deed:
    """An action of a lifecycle run on one version: deleted, or moved to another storage class."""

    bucket: str
    name: str
    generation: str
    action: str


def due(rules: list[JSON], version: Version, *, newer: int, now: datetime) -> JSON | None:
    """The action to take on a version; Delete takes precedence.

    Args:
        newer: how many newer versions the object has.
    """
    actions = [rule["action"] for rule in rules if _applies(rule["condition"], version, newer, now)]
    for kind in (_DELETE, _SET_CLASS):
        for action in actions:
            changes = action.get("storageClass") != version.resource.get("storageClass")
            if action["type"] == kind and (kind == _DELETE or changes):
                return dict(action)
    return None


def _applies(condition: JSON, version: Version, newer: int, now: datetime) -> bool:
    """Whether all parts of a condition hold."""
    return all(_holds(key, value, version, newer, now) for key, value in condition.items())


def _holds(key: str, value: object, version: Version, newer: int, now: datetime) -> bool:
    resource = version.resource
    since = {
        "age": "timeCreated",
        "daysSinceCustomTime": "customTime",
        "daysSinceNoncurrentTime": "timeDeleted",
    }
    before = {
        "createdBefore": "timeCreated",
        "customTimeBefore": "customTime",
        "noncurrentTimeBefore": "timeDeleted",
    }
    if key in since:
        moment = _moment(resource.get(since[key]))
        return moment is not None and now - moment >= timedelta(days=int(str(value)))
    if key in before:
        moment = _moment(resource.get(before[key]))
        day = datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
        return moment is not None and moment < day
    if key == "isLive":
        return (version.state is State.LIVE) == value
    if key == "numNewerVersions":
        return newer >= int(str(value))
    values = tuple(str(v) for v in value) if isinstance(value, list) else ()
    if key == "matchesPrefix":
        return version.name.startswith(values)
    if key == "matchesSuffix":
        return version.name.endswith(values)
    return key == "matchesStorageClass" and resource.get("storageClass") in values


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(str(text)) if text else None
