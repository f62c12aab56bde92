"""The README's example of an environment on the double, as somebody copies it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.registry_state import snapshot
from tests.conftest import Home
from zenstrap.paths import project_root

pytestmark = pytest.mark.slow  # an `up` and a `down` in processes of their own


def test_an_environment_on_the_double_comes_up_and_goes(home: Home) -> None:
    text = (project_root() / "README.md").read_text()
    (example,) = (one for one in re.findall(r"```yaml\n(.+?)```", text, re.S) if "trial" in one)
    found = re.search(r"\$ (python -m zenstrap\.rehearsal [^\n]+ sh -c)[^']+'([^']+)'", text)
    assert found is not None
    command = [*shlex.split(found[1]), found[2]]
    (home.configs / "environments/trial.yaml").write_text(example)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        [sys.executable, *command[1:]],
        cwd=project_root(),
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "done        promote" in ended.stderr and "trial is removed" in ended.stderr
    assert snapshot()["stacks"].keys() == {"default"}
