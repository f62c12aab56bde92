"""What has no effect is said by every command that looks at the configuration, once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base


def _with_a_schedule(config: dict[str, Any]) -> None:
    only_base(config)
    config["cleanup"] = {"schedule": "0 3 * * *"}


@pytest.mark.parametrize(
    "words",
    [("config",), ("doctor",), ("plan",), ("up",), ("plan", "--json"), ("config", "--json")],
    ids=" ".join,
)
def test_a_setting_without_effect_is_told_once(
    home: Home, run: CommandLine, words: tuple[str, ...]
) -> None:
    home.edit("environments/local.yaml", _with_a_schedule)
    ended = run(*words, "--env", "local")
    assert ended.code in (0, 2), ended.err
    line = f"{home.configs}/environments/local.yaml:2: cleanup.schedule"
    assert (ended.out + ended.err).count(line) == 1
    assert "--json" not in words or line in ended.err
