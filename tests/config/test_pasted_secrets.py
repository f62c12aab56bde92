from __future__ import annotations

import pytest

from tests.config.conftest import Configs

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
    "{a: 1, api_key: hunter2}",
    "client-secret: hunter2",
    "tracking_token: |",
    "GOOGLE_CREDENTIALS: hunter2",
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
    from zenstrap.config.pasted_secrets import problems_of_text

    assert problems_of_text(line, "a.yaml") == []


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
