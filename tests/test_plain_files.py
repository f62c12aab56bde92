"""Special files where a plain one is looked for: none is waited for, none is read without end."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from zenstrap import plain_files
from zenstrap.errors import (
    AuthenticationError,
    DamagedLeaseError,
    DamagedOwnerError,
    StateGuardError,
    ZenstrapError,
)
from zenstrap.lease import FileLeaseStore
from zenstrap.owner import FileOwnerStore
from zenstrap.plain_files import NotPlainError
from zenstrap.platforms.gcp.api.credentials import load_login
from zenstrap.platforms.local_artifacts import MARKER, own_folders
from zenstrap.smoke_test.data import read_table
from zenstrap.terraform.rescue import ERRORED, find_rescued, take_errored
from zenstrap.terraform.storage import LocalState


def pipe(file: Path) -> None:
    os.mkfifo(file)


def linked_pipe(file: Path) -> None:
    os.mkfifo(file.with_name("pipe"))
    file.symlink_to("pipe")


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


def folder(file: Path) -> None:
    file.mkdir()


def sparse(file: Path) -> None:
    with file.open("wb") as made:
        made.truncate(1 << 40)


def listening(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # a socket's path may have a hundred characters
    try:
        socket.socket(socket.AF_UNIX).bind(file.name)
    finally:
        os.chdir(here)


ODD = (pipe, linked_pipe, endless, folder, sparse, listening)


@pytest.mark.parametrize("lay", ODD)
def test_what_is_no_plain_file_is_refused(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    lay(tmp_path / "file")
    with pytest.raises(NotPlainError) as refused:
        plain_files.read(tmp_path / "file")
    assert refused.value.filename == str(tmp_path / "file")


def test_the_bound_is_the_last_size_that_is_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"1234")
    assert plain_files.read(file, 4) == b"1234"
    with pytest.raises(NotPlainError):
        plain_files.read(file, 3)


def test_what_a_link_leads_to_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert plain_files.read(tmp_path / "link") == b"content"
    with pytest.raises(FileNotFoundError):
        plain_files.read(tmp_path / "none")


@pytest.mark.parametrize("lay", [pipe, linked_pipe, endless, sparse])
def test_nothing_is_written_through_what_lies_there(
    tmp_path: Path, lay: Callable[[Path], None]
) -> None:
    file = tmp_path / "file"
    lay(file)
    plain_files.write_privately(file, b"secret")
    assert not file.is_symlink() and file.read_bytes() == b"secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_owner_that_is_only_out_of_reach_is_not_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "owner.json").write_text("{}")

    def refuse(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(plain_files, "read", refuse)
    with pytest.raises(DamagedOwnerError) as refused:
        FileOwnerStore(tmp_path, "dev").read()
    assert "delete" not in str(refused.value.fix)


@pytest.mark.parametrize("lay", [pipe, endless])
def test_whatever_lies_in_the_state_folder_is_read_so(
    tmp_path: Path, lay: Callable[[Path], None]
) -> None:
    """Reading is over, and what matters is refused."""
    for name in ("owner.json", "dev.json", ERRORED, "dev/terraform.tfstate"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lay(tmp_path / name)
    lay(tmp_path / "dev/terraform.tfstate.backup")
    lay(tmp_path / "dev" / MARKER)
    with pytest.raises(DamagedOwnerError):
        FileOwnerStore(tmp_path, "dev").read()
    with pytest.raises(StateGuardError):
        LocalState(tmp_path).content("dev")
    with pytest.raises(DamagedLeaseError) as damaged:
        FileLeaseStore(tmp_path).read("dev")
    assert FileLeaseStore(tmp_path).delete("dev", damaged.value.generation)
    assert list(LocalState(tmp_path).copies("dev")) == []
    assert find_rescued([tmp_path]) == ()
    assert take_errored(tmp_path, [tmp_path / "kept"], since=0.0) is None
    assert own_folders(tmp_path, "dev", "") == []
    with pytest.raises(AuthenticationError):
        load_login({"GOOGLE_CREDENTIALS": str(tmp_path / "owner.json")})
    with pytest.raises(ZenstrapError):
        read_table(tmp_path / "owner.json")


def test_a_file_that_becomes_a_pipe_while_it_is_read_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    look = os.stat

    def swap(path: Path) -> os.stat_result:
        status = look(path)
        file.unlink()
        os.mkfifo(file)
        return status

    seen: list[BaseException] = []

    def read() -> None:
        try:
            plain_files.read(file)
        except BaseException as error:
            seen.append(error)

    with monkeypatch.context() as patch:
        patch.setattr(plain_files.os, "stat", swap)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(10)
    waited = reader.is_alive()
    if waited:
        os.close(os.open(file, os.O_WRONLY | os.O_NONBLOCK))  # lets it go
        reader.join(10)
    assert not waited
    assert [type(error) for error in seen] == [NotPlainError]


def test_what_is_written_is_on_the_disk_before_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after it would leave an empty file else, which reads as a damaged state."""
    file = tmp_path / "file"
    flushed: list[bytes] = []

    def note(descriptor: int) -> None:
        assert os.path.samestat(os.fstat(descriptor), file.stat())
        flushed.append(file.read_bytes())

    monkeypatch.setattr(plain_files.os, "fsync", note)
    plain_files.write_privately(file, b"secret")
    assert flushed == [b"secret"]
