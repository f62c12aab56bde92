"""A copy of the real configs/ that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from zenstrap.config import load_environment, reading
from zenstrap.errors import ConfigError, ConfigProblem
from zenstrap.paths import project_root

COMPOSED = lru_cache(maxsize=64)(reading._composed)
REAL = project_root() / "configs"


class Configs:
    """A folder of configs, edited by replacing text that must be there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: str) -> Path:
        return self.folder / file

    def edit(self, file: str, old: str, new: str) -> None:
        text = self.path(file).read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        self.path(file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        with self.path(file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def line_of(self, file: str, text: str) -> int:
        lines = self.path(file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, start=1) if text in line)

    def problems(self, environment: str) -> list[ConfigProblem]:
        """What is wrong, the files named as from this folder."""
        try:
            load_environment(environment, self.folder)
        except ConfigError as error:
            return [
                ConfigProblem(
                    Path(p.file).relative_to(self.folder).as_posix(),
                    p.line,
                    p.key,
                    p.message,
                    p.suggestion,
                )
                for p in error.problems
            ]
        return []

    def problem(self, environment: str) -> ConfigProblem:
        """The one thing that is wrong."""
        problems = self.problems(environment)
        assert len(problems) == 1, problems
        return problems[0]


@contextmanager
def copied_configs() -> Iterator[Configs]:
    """For tests that need many copies; others take the fixture."""
    with TemporaryDirectory() as folder:
        target = Path(folder).resolve() / "configs"
        shutil.copytree(REAL, target)
        yield Configs(target)


@pytest.fixture(autouse=True)
def _a_text_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time of most of these tests is PyYAML's, with files that they don't change."""
    monkeypatch.setattr(reading, "_composed", COMPOSED)


@pytest.fixture
def configs() -> Iterator[Configs]:
    with copied_configs() as copy:
        yield copy
