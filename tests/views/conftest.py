"""Golden files: what people see, kept as files that a reviewer can read.

pytest tests/views --renew-golden      writes them anew; look at the difference in git
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("golden")
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="Write the golden files anew.")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden(name, seen)``: what is seen is what the file of that name holds."""

    def compare(name: str, seen: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--renew-golden", default=False):
            file.parent.mkdir(exist_ok=True)
            file.write_text(seen, encoding="utf-8")
        renew = "renew with: pytest tests/views --renew-golden"
        assert file.exists(), f"no golden file {name}; {renew}"
        assert seen == file.read_text(encoding="utf-8"), f"{name} is different; {renew}"

    return compare


@pytest.fixture(autouse=True)
def _no_settings_of_this_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CI", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
