"""States that could not be saved: kept where there is room, found again, and never lost."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest

from zenstrap.terraform.rescue import (
    ERRORED,
    find_rescued,
    folders,
    keep,
    lineage_in,
    take_errored,
)

from .conftest import mode


def state(serial: int, lineage: str = "1f0a") -> str:
    return json.dumps({"version": 4, "serial": serial, "lineage": lineage, "resources": []})


@pytest.fixture
def no_room(tmp_path: Path) -> Path:
    """A folder in which nothing can be made, as root too."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "environment"


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def test_it_goes_where_there_is_room_and_is_found_there(no_room: Path) -> None:
    places = folders(no_room, "gs://bucket/dev.tfstate")
    kept = keep(state(3), places)
    assert mode(kept) == 0o600 and mode(kept.parent) == mode(kept.parent.parent) == 0o700
    (found,) = find_rescued(places)
    assert (found.file, found.identity.serial) == (kept, 3)
    assert find_rescued(folders(no_room, "gs://another/dev.tfstate")) == ()


def test_an_earlier_one_stays_and_the_newest_is_last(tmp_path: Path) -> None:
    places = folders(tmp_path / "own", "state")
    kept = {keep(state(serial), places) for serial in (7, 5, 6)}
    (tmp_path / "own" / "errored-9.tfstate").write_text(state(9)[:-5])  # half of one is none
    found = find_rescued(places)
    assert [one.identity.serial for one in found] == [5, 6, 7]
    assert {one.file for one in found} == kept


def test_what_somebody_else_may_have_put_there_is_passed_over(
    no_room: Path, tmp_path: Path
) -> None:
    places = folders(no_room, "state")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ERRORED).write_text(state(3))
    places[1].parent.mkdir()
    places[1].symlink_to(elsewhere)
    assert find_rescued(places) == ()
    with pytest.raises(OSError):
        keep(state(4), places)
    assert [one.name for one in elsewhere.iterdir()] == [ERRORED]


@pytest.mark.parametrize("room", [True, False])
def test_it_does_not_stay_in_the_module_if_there_is_room(
    room: bool, no_room: Path, tmp_path: Path
) -> None:
    root = tmp_path / "module"
    root.mkdir()
    (root / ERRORED).write_text(state(3))
    places = [tmp_path / "own"] if room else [no_room]
    kept = take_errored(root, places, since=0)
    assert kept is not None and json.loads(kept.read_text())["serial"] == 3
    assert mode(kept) == 0o600
    assert kept.parent == (places[0] if room else root)
    assert (root / ERRORED).exists() != room


def test_an_older_one_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / ERRORED).write_text(state(3))
    os.utime(tmp_path / ERRORED, (1000, 1000))
    assert take_errored(tmp_path, [tmp_path / "own"], since=2000) is None
    assert (tmp_path / ERRORED).exists()


@pytest.mark.parametrize("printed", [True, False])
def test_half_of_one_goes_only_if_the_whole_is_known(printed: bool, tmp_path: Path) -> None:
    (tmp_path / ERRORED).write_text(state(3)[:-9])
    assert take_errored(tmp_path, [tmp_path / "own"], since=0, printed=printed) is None
    assert (tmp_path / ERRORED).exists() != printed


def test_a_truncated_state_tells_its_lineage() -> None:
    whole = json.dumps({"version": 4, "serial": 1, "lineage": "1f0a", "outputs": {}}, indent=2)
    assert lineage_in(whole[:60].encode()) == "1f0a"
    assert lineage_in(b"") is None
    assert lineage_in(b"\x00" * 9000 + whole.encode()) is None
