"""Restores a state that an earlier run could not save to its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zenstrap import paths, runs
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import StateGuardError
from zenstrap.events import Notice
from zenstrap.platforms.base import StatePlace
from zenstrap.running import Run
from zenstrap.terraform.rescue import Rescued, find_rescued, folders, lineage_in, take_errored
from zenstrap.terraform.state import StateIdentity

if TYPE_CHECKING:
    from zenml.client import Client


def put_back(place: StatePlace, client: Client, run: Run) -> None:
    """Restore the newest rescued state, if it certainly continues the current one.

    Raises:
        OSError, PlatformError: it can't be written; the rescued file is kept.
        DamagedOwnerError: the owner's record beside the state can't be read.
    """
    environment = run.environment
    rescued = rescued_states(run.config, place)
    if not rescued:
        return
    actual, fragment = look_at(place, environment)
    owner = place.owners.read()
    record = runs.last_state(client, environment, owner.id if owner else "")
    times = (owner and owner.taken_down_at, record and record.began)
    since = max((time.timestamp() for time in times if time), default=0.0)
    recorded = record.state if record else None
    chosen = to_put_back(rescued, actual, fragment, recorded, since=since)
    if chosen is None:
        return
    run.guard()
    place.storage.write(environment, chosen.content)
    chosen.file.unlink(missing_ok=True)
    run.emit(
        Notice(
            f"Restored the state that an earlier run could only save to {chosen.file}.",
            "warning",
        )
    )


def rescued_states(config: EnvironmentConfig, place: StatePlace) -> tuple[Rescued, ...]:
    """All complete states of the environment in other places, the newest of a lineage last."""
    own = paths.environment_folder(config.environment)
    module = Path("modules/environments") / config.platform
    places = folders(own, place.storage.place(config.environment))
    for files in own.glob("runs/*"):  # of killed runs; deleted when the next run ends
        take_errored(files / module, places, since=0)
    return find_rescued(places, [paths.modules_folder() / "environments" / config.platform])


def look_at(place: StatePlace, environment: str) -> tuple[StateIdentity | None, bytes | None]:
    """The state in its place, or content there that isn't a valid state; None if there is none."""
    try:
        return place.storage.read(environment), None
    except StateGuardError:
        return None, _fragment(place, environment)


def to_put_back(
    rescued: Sequence[Rescued],
    actual: StateIdentity | None,
    fragment: bytes | None,
    recorded: StateIdentity | None,
    *,
    since: float = 0.0,
) -> Rescued | None:
    """The rescued state that continues the current state, or the lost one.

    If the disk was full at the very first state, there may be neither a file nor a run's record.

    Args:
        rescued: the newest of each lineage last.
        fragment: content in the state's place that isn't a valid state; None if it is valid or
            missing.
        recorded: the last state that a run recorded.
        since: time of that record, or of a later ``down``, in seconds since the epoch.
    """

    def continues(candidate: Rescued) -> bool:
        state = candidate.identity
        if actual is not None:
            return state.lineage == actual.lineage and state.serial > actual.serial
        if recorded is not None and recorded.lineage == state.lineage:
            return state.serial >= recorded.serial
        if recorded is not None and recorded.resources:
            return False  # another state is lost
        known = lineage_in(fragment) if fragment else None
        if known:
            return state.lineage == known
        return candidate.is_proven and candidate.written > since

    return next((state for state in reversed(rescued) if continues(state)), None)


def _fragment(place: StatePlace, environment: str) -> bytes:
    try:
        return place.storage.content(environment) or b""
    except StateGuardError:  # a folder, for example
        return b""
