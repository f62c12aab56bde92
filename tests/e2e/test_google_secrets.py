"""A service account's key stands in nothing but Terraform's state and ZenML's secret store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import CommandLine, Ended
from tests.conftest import Home
from tests.e2e.google_cloud import owner
from tests.environments import only_base, with_training
from tests.recorded.world import machine
from tests.secret_search import as_text, leaks
from tests.watching import Watch
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

PROJECT = "acme-ml-dev"
COMMANDS = (
    ("up", "--json"),
    ("up", "--debug"),
    ("up", "--events"),
    ("status", "--json"),
    ("plan", "--debug"),
    ("down", "--yes", "--json"),
)


@pytest.mark.parametrize("key", ["Terraform's", "env:ACME_KEY", "zenml:acme.key"])
@pytest.mark.parametrize(
    ("training", "code"), [("telling", 0), ("telling_and_failing", 6)], ids=["passes", "fails"]
)
def test_what_a_training_tells_of_a_key_is_kept_nowhere(
    cloud: Rehearsal,
    home: Home,
    run: CommandLine,
    local_training: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    training: str,
    code: int,
) -> None:
    home.edit("environments/dev.yaml", only_base)
    home.edit("environments/dev.yaml", with_training(training))
    if key != "Terraform's":
        give(machine(cloud, tmp_path, PROJECT).read_text(), key, monkeypatch)
        home.edit("environments/dev.yaml", lambda config: config["auth"].update(key=key))

    secrets: set[str] = set()
    handed_on = ("GOOGLE_OAUTH_ACCESS_TOKEN",)  # to Terraform
    for words in COMMANDS:
        with Watch(home.folder, handed_on) as watch:
            ended = run(words[0], "--env", "dev", *words[1:])
        require_as_meant(words[0], ended, code)
        secrets |= private_keys()
        assert len(secrets) == 1
        stored = [
            as_text(blob.download_as_bytes(raw_download=True))
            for bucket in owner(cloud).list_buckets(project=PROJECT)
            for blob in bucket.list_blobs()
            if not blob.name.endswith(".tfstate")
        ]
        assert stored
        assert leaks(secrets, home, ended.out, ended.err, *watch.seen, *stored) == []


def require_as_meant(verb: str, ended: Ended, code: int) -> None:
    wanted = {"up": code, "status": 0, "plan": 2 if code else 0, "down": 0}[verb]
    assert ended.code == wanted, ended.err


def give(document: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a key where a reference says."""
    kind, _, name = key.partition(":")
    if kind == "env":
        monkeypatch.setenv(name, document)
    else:
        from zenml.client import Client

        secret, _, field = name.partition(".")
        Client().create_secret(secret, values={field: document})


def private_keys() -> set[str]:
    """The middle of the private key of every connector."""
    from zenml.client import Client

    client = Client()
    documents: list[dict[str, Any]] = [
        json.loads(
            client.get_service_connector(one.id, expand_secrets=True).configuration.plain_secrets[
                "service_account_json"
            ]
        )
        for one in client.list_service_connectors().items
    ]
    return {document["private_key"].splitlines()[5] for document in documents}
