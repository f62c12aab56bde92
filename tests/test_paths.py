"""Where things are kept, for homes of every kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Home
from zenstrap import paths
from zenstrap.config import load_environment
from zenstrap.errors import UsageError
from zenstrap.platforms.local import LocalMachine


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home behind a symbolic link; what is returned is where it leads."""
    real = tmp_path / "disk" / "ada"
    real.mkdir(parents=True)
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "ada"))
    for name in (paths.HOME_VARIABLE, "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return real


def test_nothing_is_kept_behind_a_link(linked: Path) -> None:
    config = load_environment("local")
    assert paths.home().is_relative_to(linked)
    assert LocalMachine(config).artifacts_folder.is_relative_to(linked)
    place = LocalMachine(config).state_place(create=False)
    assert Path(place.storage.place("local")).is_relative_to(linked)


@pytest.mark.parametrize("root", ["~/models", "~/../ada/models/", "/{}/models"])
def test_a_root_of_ones_own_is_resolved(linked: Path, root: str) -> None:
    config = load_environment("local")
    root = root.replace("/{}", str(linked.parent.parent / "home" / "ada"))
    named = config.model_copy(
        update={"local": config.local and config.local.model_copy(update={"root": root})}
    )
    assert LocalMachine(named).artifacts_folder == linked / "models" / "local"


def test_an_artifacts_folder_on_another_disk(linked: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "bigger"
    elsewhere.mkdir()
    paths.home().mkdir(parents=True)
    (paths.home() / "artifacts").mkdir()
    (paths.home() / "artifacts" / "local").symlink_to(elsewhere)
    assert LocalMachine(load_environment("local")).artifacts_folder == elsewhere


@pytest.mark.parametrize("folder", ["~nosuchuser/x", "{}/circle/x"])
def test_a_folder_that_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    monkeypatch.setenv(paths.HOME_VARIABLE, folder.format(tmp_path))
    with pytest.raises(UsageError) as caught:
        paths.home()
    assert paths.HOME_VARIABLE in (caught.value.where or "")


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user whose id has no entry in /etc/passwd."""
    for name in ("HOME", "XDG_STATE_HOME", paths.HOME_VARIABLE, "ZENML_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    for ask in (paths.home, paths.require_home):
        with pytest.raises(UsageError, match="no home folder"):
            ask()
    monkeypatch.setenv("ZENML_CONFIG_PATH", "/srv/zenml")
    monkeypatch.setenv(paths.HOME_VARIABLE, "/srv/zenstrap")
    paths.require_home()
    assert paths.home() == Path("/srv/zenstrap")


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize(
    "place",
    ["environments", "environments/local", "environments/local/state", "leases"]
    + [f"environments/local/{name}" for name in ("terraform", "runs", "state/local")],
)
def test_what_is_no_folder_is_named_before_anything_is_read(
    home: Home, place: str, link: bool
) -> None:
    there = home.state / place
    there.parent.mkdir(parents=True)
    there.symlink_to(there.name) if link else there.write_text("")
    with pytest.raises(UsageError) as refused:
        LocalMachine(load_environment("local")).state_place(create=False)
    assert refused.value.where == str(there)


def test_folders_and_links_to_folders_are_fine(home: Home) -> None:
    LocalMachine(load_environment("local")).state_place(create=False)
    assert not home.state.exists()
    (home.folder / "disk").mkdir()
    (home.state / "environments").mkdir(parents=True)
    (home.state / "environments/local").symlink_to(home.folder / "disk")
    LocalMachine(load_environment("local")).state_place(create=False)


@pytest.mark.parametrize("variable", ["HOME", paths.HOME_VARIABLE, paths.CONFIGS_VARIABLE])
@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "link"])
def test_a_line_break_in_a_folder_is_the_reason_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, name: str
) -> None:
    (tmp_path / "c\nd").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "c\nd")
    for other in (paths.HOME_VARIABLE, "XDG_STATE_HOME"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / name))
    with pytest.raises(UsageError, match="line break or another control character") as caught:
        paths.configs_folder() if variable == paths.CONFIGS_VARIABLE else paths.home()
    assert variable in str(caught.value.where)
    assert str(caught.value).isprintable()


def test_a_root_with_a_line_break_is_refused_for_it(linked: Path) -> None:
    config = load_environment("local")
    root = f"{linked}/a\nb"
    named = config.model_copy(
        update={"local": config.local and config.local.model_copy(update={"root": root})}
    )
    with pytest.raises(UsageError, match="line break"):
        _ = LocalMachine(named).artifacts_folder
