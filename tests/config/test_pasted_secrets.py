from __future__ import annotations

import os
import time

import pytest

from tests.config.conftest import Configs
from zenstrap.config.reading import parse

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
    assert "secrets never stand here" in said
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
    assert configs.problem("pipe").message.startswith("can't be read: it is no file")
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
