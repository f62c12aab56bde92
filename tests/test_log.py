"""The log: redacted, in a file of the user's alone, and shown where that was asked for."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from zenstrap import log, paths
from zenstrap.redaction import know

SECRET = "s3cr3t-of-tests-alone"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENSTRAP_HOME", str(tmp_path))


def files() -> list[Path]:
    return sorted(paths.logs_folder().glob("*.log"))


def test_a_file_of_a_run() -> None:
    know(SECRET)
    log.LOGGER.debug("before")
    with log.written_to("dev-up-1"):
        log.LOGGER.debug("terraform %s", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            log.LOGGER.error("a bug", exc_info=error)
        assert log.current_file() == files()[0]
    log.LOGGER.debug("after")
    (file,) = files()
    text = file.read_text()
    assert file.name.endswith("-dev-up-1.log") and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "terraform" in text and "ValueError" in text and "Traceback" in text
    assert SECRET not in text and "before" not in text and "after" not in text
    assert log.current_file() is None


def test_the_oldest_go() -> None:
    for number in range(log.KEPT + 5):
        with log.written_to(f"dev-up-{number:03}"):
            pass
    names = [file.name.rpartition("-")[2] for file in files()]
    assert names == [f"{number:03}.log" for number in range(5, log.KEPT + 5)]


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("")
    with log.written_to("dev-up-1"):
        log.LOGGER.debug("nowhere")
    assert log.current_file() is None


def test_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with log.shown():
        log.LOGGER.debug("seen")
    log.LOGGER.debug("unseen")
    assert "seen\n" in capsys.readouterr().err


def test_silent_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    log.LOGGER.warning("nobody listens")
    assert capsys.readouterr().err == ""
