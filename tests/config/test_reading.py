from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import Configs
from zenstrap.config.reading import parse, read
from zenstrap.config.trees import Table, plain
from zenstrap.errors import ConfigProblem

# Enough for what these can find; a busy machine may take its time.
some = settings(max_examples=40, deadline=None)


def values(text: str) -> dict[str, Any]:
    tree, problems = parse(text, "a.yaml")
    assert problems == []
    result = plain(tree)
    assert isinstance(result, dict)
    return result


def problem(text: str) -> ConfigProblem:
    _, problems = parse(text, "a.yaml")
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("012", 12),
        ("0x10", 16),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", float("inf")),
        ("1.2.0", "1.2.0"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2026-11-22", "2026-11-22"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("NO", "NO"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_has_them(written: str, value: object) -> None:
    result = values(f"a: {written}")["a"]
    assert result == value
    assert type(result) is type(value)


def test_anchors_and_merge_keys_work() -> None:
    text = """
    base: &base {a: 1, b: 2}
    over: {<<: *base, b: 3}
    both: {<<: [*base, {c: 4}]}
    again: *base
    """
    assert values(text)["over"] == {"a": 1, "b": 3}
    assert values(text)["both"] == {"a": 1, "b": 2, "c": 4}
    assert values(text)["again"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "is set twice; first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", 3, "a.b", "is set twice; first in line 2"),
        ("a: 1\n\tb: 2\n", 2, "", "a tab"),
        ("a:\n\t- b\n", 2, "", "a tab"),
        ("a: [1, 2\nb: 3\n", 2, "", "not valid YAML"),
        ("a: 'x\n", 2, "", "not valid YAML"),
        ("a: b: c\n", 1, "", "not valid YAML"),
        ("", None, "", "is empty"),
        ("# only a comment\n", None, "", "is empty"),
        ("null\n", 1, "", "is empty"),
        ("- a\n", 1, "", "is not a map"),
        ("just text\n", 1, "", "is not a map"),
        ("a: 1\n---\nb: 2\n", 2, "", "more than one document"),
        ("a: &x\n  b: *x\n", 1, "", "refers to the value that it is part of"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "b", "tags such as"),
        ("a: !secret x\n", 1, "a", "tags such as"),
        ("a: {{ name }}\n", 1, "a", "a key is a map or a list"),
        ("a: *nowhere\n", 1, "", "not valid YAML"),
        ("1: x\n", 1, "", "the key 1 is not text"),
        ("a: 1\nb: {<<: 3}\n", 2, "b", "<< takes a map"),
        ("a: \x07\n", 1, "", "a character that YAML doesn't allow"),
        ("a: 1\nb: 0x\x00\n", 2, "", "a character that YAML doesn't allow"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    text: str, line: int | None, key: str, words: str
) -> None:
    found = problem(text)
    assert (found.line, found.key) == (line, key)
    assert words in found.message


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 5):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    assert "too many values" in problem("\n".join(lines)).message


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_deep_nesting_is_refused(opening: str) -> None:
    found = problem("a: " + opening * 600)
    assert found.message


def test_what_is_read_before_a_double_key_is_still_read() -> None:
    tree, problems = parse("a: 1\na: 2\nb: 3\n", "a.yaml")
    assert plain(tree) == {"a": 1, "b": 3}
    assert len(problems) == 1


def test_lines_and_keys_are_those_of_the_file() -> None:
    tree, _ = parse("# c\na:\n  b:\n    - x\n    - y: 1\nc: {d: 2}\n", "a.yaml")
    where = {}
    for path in (("a",), ("a", "b"), ("c",), ("c", "d")):
        found = tree.get(*path)
        assert found is not None
        where[found.origin.key] = found.origin.line
    assert where == {"a": 2, "a.b": 3, "c": 6, "c.d": 6}


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    tree, problems = read(path, "a.yaml")
    assert (plain(tree), problems) == ({"a": 1}, [])


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("a: 1\nb: Grün\n".encode("latin-1"))
    _, problems = read(path, "a.yaml")
    assert [(p.line, p.message) for p in problems] == [(2, "is not UTF-8 text")]


@pytest.mark.parametrize(
    "text", ['b: "\\ud800"', '"\\ud800": 1', 'b: {"\\udfff": 1}', 'b: ["\\udc80"]']
)
def test_half_a_character_is_refused_where_it_stands(text: str) -> None:
    tree, problems = parse(f"a: 1\n{text}\n", "a.yaml")
    assert [p.line for p in problems] == [2]
    (str(problems[0]) + str(plain(tree))).encode()


def test_a_folder_in_a_files_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    _, problems = read(tmp_path / "a.yaml", "a.yaml")
    assert [p.message for p in problems] == ["can't be read: it is a folder"]


@some
@given(st.text(max_size=60))
def test_no_text_brings_it_down(text: str) -> None:
    tree, problems = parse(text, "a.yaml")
    assert isinstance(tree, Table)
    assert problems or tree.entries or text


@some
@given(st.text(alphabet="ab:-{}[]&*!|>'\"#%@`? \n\t<,~1", max_size=40))
def test_nothing_that_looks_like_yaml_brings_it_down(text: str) -> None:
    tree, _ = parse(text, "a.yaml")
    assert isinstance(tree, Table)


# --- Pasted secrets ---


# Put together here, so that no scanner takes this file for a leak.
PEM = "-----BEGIN " + "PRIVATE KEY-----"
SECRETS = [
    f"key: {PEM}",
    f"# {PEM}",
    'key: {"type": "service' + '_account"}',
    "private" + '_key: "abc"',
    'key: "ewogICJ0eXBlIjog' + 'InNlcnZpY2VfYWNjb3VudCI="',
    "anything: AIza" + "B" * 35,
    "anything: ya29." + "c" * 40,
    "anything: ghp_" + "d" * 36,
    "anything: AKIA" + "ABCDEFGHIJKLMNOP",
    "anything: hf_" + "e" * 34,
    "anything: ZENKEY_" + "f" * 40,
    "tracking_uri: https://user:" + "hunter2@mlflow.example",
    "password: hunter2",
    "mlflow_password: 'hunter2'",
    "x: {a: 1, api_key: hunter2}",
    "client-secret: hunter2",
    "tracking_token: [hunter2]",
    "GOOGLE_CREDENTIALS: hunter2",
    "auth_: {subject_token: aws, client_secret: hunter2}",
    "password: 12345678",
    "tokens: {the_token: [env:A, hunter2]}",
    "x: &a {password: hunter2}",
]
HARMLESS = [
    "tracking_password: env:MLFLOW_PASSWORD",
    "tracking_token: 'zenml:mlflow.token'",
    "tracking_token: null",
    "tracking_password:",
    "subject_token: file:/var/run/secrets/tokens/gcp",
    "# the token: ask your admin",
    "description: passwords are refused",
    "tracking_uri: https://mlflow.example:8080/path",
    "description: 'Explains what a token: is'",
    "description: 'password, token: all in one'",
    "settings: {max_token: 512}",
    "labels: {secret: none, token: yes-we-can}",
    "secret: none",
    "settings: {tracking_token: '{{mlflow.token}}'}",
    "token: true",
    "provider: projects/1/locations/global/workloadIdentityPools/a/providers/b",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_pasted_secret_is_found_and_not_repeated(configs: Configs, line: str) -> None:
    configs.append("environments/dev.yaml", f"\n{line}\n")
    problems = configs.problems("dev")
    assert [p.file for p in problems] == ["environments/dev.yaml"]
    assert problems[0].line == configs.line_of("environments/dev.yaml", line)
    said = " ".join(map(str, problems))
    assert "secrets are not allowed in a configuration" in said
    for part in ("hunter2", "BEGIN", "ABCDEFGH", "dddd", "ffff", "InNlcn"):
        assert part not in said


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert not [p for p in parse(line, "a.yaml")[1] if "secret" in p.message]


def test_a_text_that_is_no_yaml_is_told_so_and_nothing_of_it_is_repeated() -> None:
    for text in ("description: a token: hunter2", "password: *hunter2", "a: [hunter2", "{hunter2"):
        (problem,) = parse(text, "a.yaml")[1]
        assert "hunter2" not in str(problem)


@pytest.mark.parametrize("part", ["a-", "eyJa-", "://a:", "token", "-----BEGIN A"])
def test_a_long_line_takes_no_longer_than_short_ones(part: str) -> None:
    """Counted, not timed: what is looked at grows with the text and not with its square."""

    def seconds(length: int) -> float:
        text = f"labels: {{cost_center: {part * (length // len(part))}}}"
        began = time.process_time()
        parse(text, "a.yaml")
        return time.process_time() - began

    seconds(1000)
    assert seconds(100_000) < 100 * max(seconds(10_000), 0.01)


def test_a_pipe_and_a_heap_are_refused_at_once(configs: Configs) -> None:
    os.mkfifo(configs.path("environments/pipe.yaml"))
    assert configs.problem("pipe").message.startswith("can't be read: it is a pipe")
    heap = "".join(f"  label{n}: x\n" for n in range(20_000))
    configs.path("environments/heap.yaml").write_text(f"labels:\n{heap}")
    assert "larger than" in configs.problem("heap").message


@pytest.mark.parametrize("written", ["hunter2", "evn:NAME", "env:", "zenml:secret", "env:A B"])
def test_what_is_no_reference_is_not_repeated(configs: Configs, written: str) -> None:
    configs.edit(
        "environments/dev.yaml",
        "method: service-account",
        f"method: service-account\n  key: {written!r}",
    )
    found = configs.problem("dev")
    assert found.key == "auth.key"
    assert "env:NAME" in (found.suggestion or "")
    assert "hunter2" not in str(found)
