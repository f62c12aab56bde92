"""The command line called in this process: the imports are paid once for many runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import forget_zenml
from tests.printed import commands_in, require_same_meaning, strings_in
from zenstrap.cli import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Ended:
        """Run a command as a process of its own would: with nothing of ZenML remembered."""
        forget_zenml()
        self._capsys.readouterr()
        code = main(list(words))
        captured = self._capsys.readouterr()
        _require_good_advice(words, captured.out, captured.err)
        return Ended(code, captured.out, captured.err)


def _require_good_advice(words: tuple[str, ...], out: str, err: str) -> None:
    """In every test: what is printed to be copied means what was meant."""
    data = [out] if "--json" in words else out.splitlines() if "--events" in words else []
    read = [text for one in data if one for text in strings_in(json.loads(one))]
    for text in (err, *(read if data else (out,))):
        for command in commands_in(text):
            require_same_meaning(command, words)
