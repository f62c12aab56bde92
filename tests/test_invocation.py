"""The commands that are printed: from what the user gave, spelt in one place."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.printed import commands_in, require_same_meaning
from tests.structure import ROOTS
from zenstrap import invocation
from zenstrap.errors import UsageError, ZenstrapError
from zenstrap.invocation import Invocation
from zenstrap.paths import project_root
from zenstrap.views.summary import error_text

TAKEN = {
    "up": frozenset({"--env", "--adopt", "--yes", "--json", "--debug", "--name"}),
    "plan": frozenset({"--env", "--adopt", "--json", "--debug", "--name"}),
    "down": frozenset({"--env", "--yes", "--json", "--name"}),
    "rollback": frozenset({"--env", "--project", "--to", "--no-smoke-test", "--yes", "--name"}),
    "status": frozenset({"--env", "--json"}),
}


def calling(verb: str, *given: tuple[str, ...]) -> Invocation:
    options = {words[0]: words for words in (("--env", "dev"), *given)}
    return Invocation(verb, "dev", options, TAKEN)


@pytest.mark.parametrize(
    ("call", "verb", "words"),
    [
        (calling("up", ("--adopt", "a", "--adopt", "b c")), "plan", "--adopt a --adopt 'b c'"),
        (calling("up", ("--adopt", "a")), "down", ""),
        (calling("up", ("--name", "it's")), "down", "--name 'it'\"'\"'s'"),
        (calling("up", ("--name", "ada")), "status", ""),
        (calling("plan", ("--json",), ("--debug",)), "up", ""),
        (calling("up", ("--yes",)), "down", ""),
        (calling("up", ("--yes",)), "up", "--yes"),
        (calling("rollback", ("--project", "p"), ("--to", "1.0.0")), "status", ""),
        (
            calling("rollback", ("--project", "p"), ("--no-smoke-test",)),
            "rollback",
            "--project p --no-smoke-test",
        ),
    ],
)
def test_what_was_given_and_still_applies(call: Invocation, verb: str, words: str) -> None:
    with invocation.called(call):
        expected = f"python run.py {verb} --env dev {words}".rstrip()
        assert invocation.command(verb, "dev") == invocation.command(verb) == expected
        assert invocation.command(verb, "other") == f"python run.py {verb} --env other"
    assert invocation.command(verb, "dev") == f"python run.py {verb} --env dev"


def test_the_same_command_again() -> None:
    with invocation.called(calling("rollback", ("--project", "p"))):
        again = invocation.again("dev", invocation.YES)
        assert again == "python run.py rollback --env dev --project p --yes"
    with invocation.called(calling("up", ("--yes",))):
        assert invocation.again("dev", invocation.YES) == "python run.py up --env dev --yes"
    assert invocation.again("dev", verb="down") == "python run.py down --env dev"


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (calling("up"), "up --env dev --name ben"),
        (calling("up", ("--name", "team")), "up --env dev --name ben"),
        (calling("plan", ("--name", "team"), ("--adopt", "a")), "plan --env dev --name ben"),
        (calling("up", ("--yes",), ("--adopt", "a")), "up --env dev --name ben"),
        (calling("down", ("--name", "team"), ("--yes",)), "up --env dev --name ben"),
        (calling("status"), "up --env dev --name ben"),
    ],
)
def test_another_name_replaces_the_given_one_and_needs_a_consent_of_its_own(
    call: Invocation, command: str
) -> None:
    with invocation.called(call):
        assert invocation.renamed("dev", "ben") == f"python run.py {command}"
    assert invocation.renamed("dev", "ben") == "python run.py up --env dev --name ben"


def test_from_another_folder_the_program_is_named_as_it_was_called(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(project_root() / "run.py"), "up", "--env", "local", "--bogus"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    (command,) = commands_in(ended.stderr)
    helped = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert helped.returncode == 0 and "Usage: run.py up" in helped.stdout


def test_in_a_rehearsal_a_copied_command_is_one_in_a_rehearsal() -> None:
    """And doesn't meet the real Google Cloud."""
    words = ["-m", "zenstrap.rehearsal", "--project", "acme-ml-prod", "--shell", "python"]
    ended = subprocess.run(
        [sys.executable, *words, "run.py", "plan", "--env", "prod", "--bogus"],
        cwd=project_root(),
        capture_output=True,
        text=True,
    )
    (command,) = commands_in(ended.stderr)
    assert shlex.split(command) == ["python", *words, "run.py", "plan", "--help"]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("--env local status", "status --env local"),
        ("--env status --yes down", "down --env status --yes"),
        ("--env local rollback --project 'a b'", "rollback --env local --project 'a b'"),
        ("up --env plan --bogus", "up --help"),
        ("--env plan --bogus", "up --help"),
        ("--env local --yes status", "up --help"),
        ("up --env local --ye", "up --help"),
        ("rollback --env local --to", "rollback --help"),
        ("destroy --env local", "down --env local"),
        ("destroy --env local --yes", "down --env local"),
        ("frobnicate --env local", "--help"),
        # The environment without --env, and another tool's words.
        ("local", "up --env local"),
        ("local down", "down --env local"),
        ("down local", "down --env local"),
        ("local down --yes", "down --env local --yes"),
        ("prod plan --json", "plan --env prod --json"),
        ("--debug prod", "up --env prod --debug"),
        ("destroy local", "down --env local"),
        ("local destroy", "down --env local"),
        ("preview --name qa prod", "plan --env prod --name qa"),
        # What the parser wouldn't take isn't advised.
        ("apply -auto-approve", "up --help"),
        ("apply -auto-approve --env local", "up --help"),
        ("destroy", "down --help"),
        ("destroy --force local", "down --help"),
        ("local status --yes", "status --help"),
        ("local --env prod", "--help"),
        ("destroy local prod", "down --help"),
        ("local prod", "--help"),
        ("apply --env local --env prod", "up --help"),
        ("apply --env local --json --events", "up --help"),
        ("up --env local --json --events", "up --help"),
        ("destroy --env local --help", "down --help"),
        ("local -h", "--help"),
        ("help down", "down --help"),
        ("up plan --env local", "up --help"),
        # Consent to another tool's command is none to ours.
        ("local --yes", "up --env local"),
        ("destroy --env local --this-zenml --yes", "down --env local"),
        ("apply --adopt a --env local --adopt=b", "up --env local"),
        ("apply --adopt --env local", "up --help"),
        ("destroy local --forget local", "down --env local"),
    ],
)
def test_usage_errors_name_a_command_that_helps(
    capsys: pytest.CaptureFixture[str], words: str, advice: str
) -> None:
    from zenstrap.cli import main

    given = shlex.split(words)
    assert main(given) == UsageError.exit_code
    told, said = capsys.readouterr()
    said += json.loads(told)["command"] if told else ""  # with --json; never a help text
    assert commands_in(said) == (f"python run.py {advice}",)
    require_same_meaning(f"python run.py {advice}", given)
    assert "?." not in said and ".." not in said


@pytest.mark.parametrize("fix", [None, "Log in", "Log in.", "Log in:", "Make it. Then log in"])
def test_no_sign_stands_behind_a_command(fix: str | None) -> None:
    error = ZenstrapError("no login", where="here", why="none", fix=fix, command="gcloud auth")
    assert str(error).endswith(": gcloud auth") and "\n" not in str(error)
    assert error_text(error).splitlines()[-1].strip() == "gcloud auth"
    assert ".:" not in str(error) and "::" not in str(error)


# --- What keeps it in one place -----------------------------------------------------------------

OURS = re.compile(r"run\.py")
# A command of another tool that somebody would copy; one between backquotes ends there.
THEIRS = re.compile(r"\b(gcloud [a-z-]+ |zenml [a-z]+|pip install|terraform (-|[a-z]+ -))")


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text in the code that isn't a docstring, an f-string as a whole."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values),
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings | parts
        ):
            yield node.lineno, node.value


def faults_in(code: str) -> list[str]:
    """Commands that are spelt where no option of the user's reaches, or a sign would stick."""
    tree = ast.parse(code)
    found = [f"{line}: {text}" for line, text in texts(tree) if OURS.search(text)]
    fixes = [
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "fix"
    ]
    for fix in fixes:
        for line, text in texts(fix):
            if THEIRS.search(re.sub(r"`[^`]*`", "", text)):
                found.append(f"{line}: {text}")
    return found


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(project_root()).with_suffix("").parts)


CHECKED = [
    file
    for root in ROOTS
    for file in sorted((project_root() / root).rglob("*.py"))
    if name_of(file) != "zenstrap.invocation"
]


@pytest.mark.parametrize("file", CHECKED, ids=name_of)
def test_commands_are_spelt_in_one_place(file: Path) -> None:
    assert faults_in(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise E("x", fix="Run: python run.py up --env dev")',
        'raise E("x", fix=f"Start {env}: python run.py up --env {env}.")',
        'NEXT = "python run.py status"',
        'raise E("x", fix="Log in: gcloud auth login")',
        'raise E("x", fix=f"Log in {who}: " "gcloud auth login.")',
        'raise E("x", fix="Install it: pip install x")',
    ],
)
def test_the_check_finds_new_ones(code: str) -> None:
    assert faults_in(code)


@pytest.mark.parametrize(
    "code",
    [
        '"""`python run.py --env dev`."""',
        'raise E("x", fix="Log in", command="gcloud auth login")',
        'raise E("x", fix="`gcloud projects list` shows yours.")',
        'raise E("x", fix="Run it again", command=invocation.again(env))',
    ],
)
def test_the_check_leaves_the_others_alone(code: str) -> None:
    assert not faults_in(code)
