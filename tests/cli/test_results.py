"""What programs read: one object with a schema id for every command, however it ended."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.verbs import environment_of
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base
from zenstrap import paths
from zenstrap.cli import app as commands
from zenstrap.cli.app import app
from zenstrap.lease import FileLeaseStore, Lease

SCHEMA = re.compile(r"zenstrap/[a-z]+/1")
WITH_EVENTS = [
    name
    for name, command in app.commands.items()
    if any(isinstance(one, click.Option) and "--events" in one.opts for one in command.params)
]


@pytest.mark.parametrize("command", sorted(app.commands))
def test_every_command_prints_one_object(home: Home, run: CommandLine, command: str) -> None:
    home.edit("environments/local.yaml", only_base)
    yes = ("--yes",) if command in ("down", "unlock") else ()
    ended = run(command, *environment_of(command), *yes, "--json")
    found = ended.json
    assert found["schema"] == f"zenstrap/{command}/1"
    if "exit_code" in found:
        assert found["exit_code"] == ended.code
        assert found["succeeded"] is (ended.code == 0)


@pytest.mark.parametrize("command", sorted(app.commands))
@pytest.mark.parametrize(
    "words",
    [
        ("--env", "nope", "--json"),
        ("--env", "nope", "--json", "--debug"),
        ("--json", "--debug=1"),
        ("--env", "local", "--json", "--nonsense"),
        ("--env", "local", "--json", "more"),
    ],
)
def test_so_does_what_could_not_even_begin(
    home: Home, run: CommandLine, command: str, words: tuple[str, ...]
) -> None:
    ended = run(command, *words)
    assert ended.code == 64
    assert (ended.json["schema"], ended.json["exit_code"]) == ("zenstrap/error/1", 64)
    assert ended.json["what"]


@pytest.mark.parametrize("command", WITH_EVENTS)
def test_both_forms_at_once_are_a_mistake(home: Home, run: CommandLine, command: str) -> None:
    ended = run(command, "--env", "local", "--json", "--events")
    assert (ended.code, ended.json["type"]) == (64, "UsageError")


def result_of(text: str) -> Any:
    """What the last event holds; every line before it is an event, too."""
    events = [json.loads(line) for line in text.splitlines()]
    assert {event["schema"] for event in events} == {"zenstrap/events/1"}
    assert [event["event"] for event in events].count("result") == 1
    assert events[-1]["event"] == "result"
    for event in events:
        assert re.fullmatch(r"[a-z_]+", event.get("step", "x"))
    return events[-1]["result"]


@pytest.mark.parametrize("command", WITH_EVENTS)
@pytest.mark.parametrize("words", [("--env", "nope"), ("--nonsense",)])
def test_events_end_with_a_result_where_nothing_began(
    home: Home, run: CommandLine, command: str, words: tuple[str, ...]
) -> None:
    ended = run(command, *words, "--events")
    result = result_of(ended.out)
    assert (ended.code, result["exit_code"], result["schema"]) == (64, 64, "zenstrap/error/1")


def test_events_end_with_the_failure_of_a_run(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lease.acquire(FileLeaseStore(paths.leases_folder()), "local", "up", heartbeat=None):
        held = run("up", "--env", "local", "--events", "--debug")
    result = result_of(held.out)
    assert (held.code, result["exit_code"], result["succeeded"]) == (4, 4, False)
    assert result["failure"]["type"] == "LockHeldError"
    assert result["failure"]["what"] and result["failure"]["why"]
    assert "Traceback" in held.err, "--debug shows it, and changes nothing else"

    monkeypatch.setenv("ZENML_STORE_URL", "http://127.0.0.1:9")
    away = run("plan", "--env", "local", "--events")
    failure = result_of(away.out)["failure"]
    assert away.code == 1
    assert failure["step"] == "connect" and failure["fix"]
    assert failure["where"] == "http://127.0.0.1:9"


def test_no_headline_says_that_a_failed_run_went_well(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    home.edit(
        "environments/local.yaml", lambda config: config["protection"].update(approval="terminal")
    )
    refused = run("up", "--env", "local", "--json")
    assert (refused.code, refused.json["succeeded"]) == (5, False)
    assert "failed in gate" in refused.json["headline"]
    assert "is up" not in refused.json["headline"]


def test_a_bug_names_the_file_with_its_traceback(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.cli import history

    secret = "CaNaRy-Pw0rd-0123456789"
    monkeypatch.setenv("ZENML_TEST_TOKEN", secret)

    def broken(*arguments: object) -> None:
        raise ValueError(f"a bug beside {secret}")

    monkeypatch.setattr(history, "owner_of", broken)
    ended = run("history", "--env", "local", "--json")
    assert (ended.code, ended.json["type"]) == (1, "BugError")
    file = Path(ended.json["where"])
    assert file.is_relative_to(home.state) and file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "in broken" in text and secret not in text
    shown = run("history", "--env", "local")
    assert str(home.state) in shown.err and "Traceback" not in shown.err


def test_json_is_written_in_one_place() -> None:
    """Whoever writes some beside it forgets the schema id."""
    folder = Path(commands.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            named = node.names if isinstance(node, ast.Import) else ()
            assert "json" not in [one.name for one in named], file.name
            if isinstance(node, ast.ImportFrom) and file.name != "telling.py":
                assert "dumps" not in [one.name for one in node.names], file.name
