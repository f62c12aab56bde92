"""ZenML's server goes away in the middle of a run, and comes back for the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.registry_state import snapshot
from tests.cli.test_up import only_base
from tests.command_line import CommandLine
from tests.conftest import Home, forget_zenml
from tests.e2e.servers import zenml_server as running_server
from tests.e2e.test_server import sign_in
from zenstrap import zenml_server
from zenstrap.cli import lifecycle
from zenstrap.events import Event, StepStarted
from zenstrap.zenml_server import PatientAdapter

pytestmark = pytest.mark.slow


def test_it_is_named_and_what_is_done_is_told_and_the_next_run_goes_on(
    home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = CommandLine(capsys)
    home.edit("environments/local.yaml", only_base)
    monkeypatch.setattr(zenml_server, "PATIENCE_SECONDS", 0.1)
    away_from = ""
    is_away = False
    tee, really = lifecycle.tee, PatientAdapter._try

    def watch(event: Event) -> None:
        nonlocal is_away
        is_away = is_away or (isinstance(event, StepStarted) and event.step == away_from)

    def tried(adapter: PatientAdapter, *arguments: object, **options: object) -> object:
        if is_away:
            return None, "no connection (Connection reset by peer)"
        return really(adapter, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(lifecycle, "tee", lambda *sinks: tee(*sinks, watch))
    monkeypatch.setattr(PatientAdapter, "_try", tried)
    with running_server(tmp_path / "server", f"sqlite:///{tmp_path}/zenml.db") as server:
        sign_in(server, server.account("platform"), home.zenml, monkeypatch)
        for step, code in (("register_stacks", 7), ("smoke_test", 7)):
            away_from, is_away = step, False
            ended = run("up", "--env", "local", "--json")
            failure = ended.json["failure"]
            assert ended.code == code, (step, failure)
            assert failure["where"] == server.url and failure["fix"]
            assert failure["go_on"].endswith("run.py up --env local")
            assert failure["now"], step
            assert "bug" not in ended.out
            assert not list((home.state / "leases").glob("*.json"))
        away_from, is_away = "", False
        assert run("up", "--env", "local").code == 0
        assert "zenml-local" in snapshot()["stacks"]
    forget_zenml()
