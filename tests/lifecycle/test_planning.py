"""What is looked at before Terraform begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zenstrap import runs
from zenstrap.config import load_environment
from zenstrap.events import Event, Notice
from zenstrap.lifecycle.planning import _guard_state
from zenstrap.platforms import platform_of
from zenstrap.running import Audience, Run
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.storage import LocalState
from zenstrap.terraform.workspace import Workspace

STATE = {"version": 4, "lineage": "mine", "serial": 3, "resources": []}


@pytest.mark.parametrize(
    ("wrote", "warns"),
    [
        ("1.15.5", True),
        ("1.12.0-rc1", True),
        ("2.0.0", True),
        ("1.11.9", False),
        ("1.7.0", False),
        ("0.15.5", False),
        ("", False),
        ("a fork's", False),
        (None, False),
    ],
)
def test_a_state_of_a_newer_terraform_is_worth_a_warning(
    wrote: str | None, warns: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "last_state", lambda *asked: None)
    storage = LocalState(tmp_path)
    storage.file("local").parent.mkdir()
    known: dict[str, Any] = {} if wrote is None else {"terraform_version": wrote}
    storage.file("local").write_text(json.dumps({**STATE, **known}))
    workspace = Workspace(
        root=tmp_path / "none",
        environment="local",
        data_folder=tmp_path / "data",
        storage=storage,
        binary=TerraformBinary(("no-such-program",), "1.11.4", "first on PATH"),
        run_folder=tmp_path / "run",
    )
    events: list[Event] = []
    run = Run(platform_of(load_environment("local")), "plan", audience=Audience(emit=events.append))
    _guard_state(workspace, None, run)  # type: ignore[arg-type]
    warned = [event for event in events if isinstance(event, Notice) and event.level == "warning"]
    assert len(warned) == len(events) == int(warns)
    assert all(str(wrote) in one.text and "1.11.4" in one.text for one in warned)
