"""Secrets of the environment stand in nothing that leaves the process, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base, with_training
from tests.secret_search import leaks
from tests.watching import Watch
from zenstrap.paths import project_root

pytestmark = pytest.mark.slow  # every command, with every kind of secret

PASSWORD, TOKEN = "CaNaRy!Pw0rd77/x", "CaNaRyT0ken/0123456789+abc"
NOBODY = "127.0.0.1:9"  # the discard port: nothing listens there
SOURCES = {
    "a database's password": {"ZENML_STORE_URL": "mysql://zenml:CaNaRy%21Pw0rd77%2Fx@"},
    "userinfo": {"ZENML_STORE_URL": "http://user:CaNaRy%21Pw0rd77%2Fx@"},
    "an API key": {"ZENML_STORE_URL": "http://", "ZENML_STORE_API_KEY": TOKEN},
    "a proxy's password": {
        "ZENML_STORE_URL": "http://",
        "HTTP_PROXY": f"http://user:{PASSWORD}@{NOBODY}",
        "http_proxy": f"http://user:{PASSWORD}@{NOBODY}",
    },
}
COMMANDS = (
    ("up", "--events"),
    ("up", "--json"),
    ("up", "--debug"),
    ("plan", "--json", "--debug"),
    ("down", "--yes"),
    ("rollback",),
    ("status", "--json"),
    ("status", "--debug"),
    ("history",),
    ("doctor", "--json"),
    ("unlock", "--yes", "--debug"),
)


@pytest.mark.parametrize("source", SOURCES)
def test_no_command_shows_one_where_zenml_is_out_of_reach(
    home: Home, run: CommandLine, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SOURCES[source].items():
        end = f"{NOBODY}/zenml" if name == "ZENML_STORE_URL" else ""
        monkeypatch.setenv(name, f"{value}{end}")
    printed = []
    for verb, *flags in COMMANDS:
        ended = run(verb, "--env", "local", *flags)
        assert verb == "unlock" or ended.code != 0  # what unlock needs is on this machine
        printed += [ended.out, ended.err]
    # A part of it is enough: what is shown must not be wrapped in the middle of one.
    parts = {PASSWORD, TOKEN, "CaNaRy", "Pw0rd77", "T0ken"}
    assert leaks(parts, home, *printed) == []


@pytest.mark.parametrize(
    ("training", "code"), [("telling", 0), ("telling_and_failing", 6)], ids=["passes", "fails"]
)
def test_what_a_training_tells_of_them_is_kept_nowhere(
    home: Home, run: CommandLine, training: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:{PASSWORD}@{NOBODY}")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("ZENSTRAP_TEST_TELL", f"{PASSWORD} {TOKEN}")
    home.edit("environments/local.yaml", only_base)
    home.edit("environments/local.yaml", with_training(training))
    handed_on = ("HTTPS_PROXY", "all_proxy", "GOOGLE_OAUTH_ACCESS_TOKEN")  # to Terraform
    for flags in (("--debug",), ("--json",), ("--events",)):
        with Watch(home.folder, handed_on) as watch:
            ended = run("up", "--env", "local", *flags)
        assert ended.code == code, ended.err
        assert any("terraform plan" in line for line in watch.command_lines)
        assert leaks({PASSWORD, TOKEN}, home, ended.out, ended.err, *watch.seen) == []
    shown = run("status", "--env", "local")
    assert leaks({PASSWORD, TOKEN}, home, shown.out, shown.err) == []
    assert "<sensitive>" in "".join(text.read_text() for text in logs(home))


@pytest.mark.parametrize(
    ("training", "code", "flag"),
    [
        ("shouting", 0, "--json"),
        ("shouting", 0, "--debug"),
        ("shouting_and_failing", 6, "--events"),
    ],
)
def test_what_a_training_writes_past_python_is_neither_shown_nor_among_the_data(
    home: Home, training: str, code: int, flag: str
) -> None:
    home.edit("environments/local.yaml", with_training(training))
    ended = subprocess.run(
        [sys.executable, "run.py", "up", "--env", "local", "--yes", flag],
        cwd=project_root(),
        env={**os.environ, "ZENML_TEST_TOKEN": TOKEN, "ZENSTRAP_TEST_TELL": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    data = {"--json": [ended.stdout], "--debug": [], "--events": ended.stdout.splitlines()}[flag]
    results = [json.loads(one) for one in data]
    if flag == "--debug":
        assert ended.stdout == ""
    else:
        assert results[-1].get("result", results[-1])["exit_code"] == code
    # What is shown is told by its gaps: a half of one must not be seen either.
    half = len(TOKEN) // 2
    assert leaks({TOKEN, TOKEN[:half], TOKEN[half:]}, home, *data, ended.stderr) == []
    assert "<sensitive>" in ended.stderr
    assert "<sensitive>" in "".join(text.read_text() for text in logs(home))


def logs(home: Home) -> list[Path]:
    """Where ZenML keeps what steps print."""
    return [one for one in home.folder.rglob("*") if "logs" in one.parts and one.is_file()]
