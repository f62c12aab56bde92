"""No secret leaves Terraform on a way that somebody could read."""

from __future__ import annotations

import json
import logging
import shlex
import shutil
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from zenstrap.errors import ZenstrapError
from zenstrap.events import Event
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.workspace import Workspace

from .conftest import FIXTURES, MakeProgram, MakeWorkspace

SECRET = "hunter2hunter2"
VALUES = {"password": SECRET}


@pytest.fixture
def watched(
    make_workspace: MakeWorkspace, make_program: MakeProgram, terraform: TerraformBinary,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> Workspace:  # fmt: skip
    """A workspace whose every command line and environment is written to a file."""
    monkeypatch.setenv("TF_LOG", "TRACE")
    monkeypatch.setenv("TF_VAR_password", "from elsewhere")
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-flag")
    monkeypatch.setenv("TF_WORKSPACE", "elsewhere")
    recorder = make_program(
        f"{{ echo \"$@\"; env; }} >> '{tmp_path}/commands'\n"
        f'exec {shlex.join(terraform.command)} "$@"'
    )
    return make_workspace(
        FIXTURES / "secretive", binary=replace(terraform, command=(str(recorder),))
    )


def test_a_secret_stays_in_files_of_the_users(
    watched: Workspace, tmp_path: Path, events: list[Event],
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        plan = watched.plan(VALUES)
        watched.apply(plan.digest)
        outputs = watched.outputs()
        changed = watched.plan({"password": "hunter3hunter3"})
    # Its own value came through all the same, and is there for the one who needs it.
    assert outputs["login"].value == {"user": "ada", "password": SECRET}
    assert outputs["user"].value == "ada" and "ada" in repr(outputs["user"])
    assert changed.digest != plan.digest

    commands = (tmp_path / "commands").read_text()
    assert "apply -input=false -json" in commands
    for name in ("TF_LOG", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_VAR_password"):
        assert name not in commands
    seen = [commands, repr(plan), plan.model_dump_json(), repr(changed), repr(outputs)]
    seen += [repr(events), caplog.text, *capfd.readouterr(), repr(watched)]
    assert not [text for text in seen if "hunter" in text]

    watched.plan({**VALUES}, destroy=True)
    files = {
        path.name
        for path in (tmp_path / "home").rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    }
    assert files <= {"terraform.tfstate", "terraform.tfstate.backup"}


def test_equal_secrets_have_one_digest(watched: Workspace) -> None:
    # The plan holds plantimestamp(), too, which differs where the clock has moved on.
    first = watched.plan(VALUES)
    assert watched.plan(VALUES).digest == first.digest
    assert watched.plan({"password": "hunter3hunter3"}).digest != first.digest


def test_a_careless_provider_is_silenced(watched: Workspace, events: list[Event]) -> None:
    plan = watched.plan({**VALUES, "shout": True})
    with pytest.raises(ZenstrapError, match="denied for <sensitive>") as caught:
        watched.apply(plan.digest)
    shown = "".join(traceback.format_exception(caught.value)) + repr(events)
    assert "hunter2" not in shown


def test_the_tampered_plan_file_is_refused(watched: Workspace, tmp_path: Path) -> None:
    approved = watched.plan(VALUES)
    kept = shutil.copy(watched.plan_file, tmp_path / "kept")
    watched.plan({"password": "hunter3hunter3"})
    with pytest.raises(ZenstrapError, match="not the one that was approved"):
        watched.apply(approved.digest)
    shutil.copy(kept, watched.plan_file)
    watched.apply(approved.digest)
    assert json.loads(repr(watched.outputs()["user"].value).replace("'", '"')) == "ada"
