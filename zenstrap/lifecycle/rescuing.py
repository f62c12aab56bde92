"""A state that an earlier run could not save: the next one puts it in its place."""

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
    """Put the newest state in its place, where it is sure that it goes on from what is there.

    Raises:
        OSError, PlatformError: it can't be written; it stays where it was.
        DamagedOwnerError: what lies beside the state can't be read.
    """
    environment = run.environment
    found = rescued_states(run.config, place)
    if not found:
        return
    actual, fragment = look_at(place, environment)
    owner = place.owners.read()
    record = runs.last_state(client, environment, owner.id if owner else "")
    times = (owner and owner.taken_down_at, record and record.began)
    since = max((one.timestamp() for one in times if one), default=0.0)
    recorded = record.state if record else None
    chosen = to_put_back(found, actual, fragment, recorded, since=since)
    if chosen is None:
        return
    run.guard()
    place.storage.write(environment, chosen.content)
    chosen.file.unlink(missing_ok=True)
    run.emit(
        Notice(
            f"Put the state in its place that an earlier run had to leave in {chosen.file}.",
            "warning",
        )
    )


def rescued_states(config: EnvironmentConfig, place: StatePlace) -> tuple[Rescued, ...]:
    """Every whole state of the environment that lies elsewhere, the newest of a lineage last."""
    own = paths.environment_folder(config.environment)
    module = Path("modules/environments") / config.platform
    places = folders(own, place.storage.place(config.environment))
    for files in own.glob("runs/*"):  # of killed runs; they go when the next one ends
        take_errored(files / module, places, since=0)
    return find_rescued(places, [paths.modules_folder() / "environments" / config.platform])


def look_at(place: StatePlace, environment: str) -> tuple[StateIdentity | None, bytes | None]:
    """The state in its place, or without one what lies there instead; None and None if nothing."""
    try:
        return place.storage.read(environment), None
    except StateGuardError:
        return None, _fragment(place, environment)


def to_put_back(
    found: Sequence[Rescued],
    actual: StateIdentity | None,
    fragment: bytes | None,
    recorded: StateIdentity | None,
    *,
    since: float = 0.0,
) -> Rescued | None:
    """The one that goes on from what is there, or from what was there before it was lost.

    Of the very first state on a full disk nothing may be left: no file, and no run's record.

    Args:
        found: the newest of each lineage last.
        fragment: what lies there and is no state; None where nothing does, or a state.
        recorded: the last state that a run recorded.
        since: when that was, or when the environment was taken down later, in seconds since the
            epoch.
    """

    def goes_on(one: Rescued) -> bool:
        state = one.identity
        if actual is not None:
            return state.lineage == actual.lineage and state.serial > actual.serial
        if recorded is not None and recorded.lineage == state.lineage:
            return state.serial >= recorded.serial
        if recorded is not None and recorded.resources:
            return False  # another state is lost
        known = lineage_in(fragment) if fragment else None
        return state.lineage == known if known else one.is_proven and one.written > since

    return next((one for one in reversed(found) if goes_on(one)), None)


def _fragment(place: StatePlace, environment: str) -> bytes:
    try:
        return place.storage.content(environment) or b""
    except StateGuardError:  # a folder, say
        return b""
