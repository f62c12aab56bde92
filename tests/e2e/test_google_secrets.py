"""A key that Terraform made stands in nothing but Terraform's state and ZenML's secret store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.test_up import only_base, with_training
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import owner
from tests.secret_search import as_text, leaks
from zenstrap.rehearsal import Rehearsal


@pytest.mark.parametrize(
    ("training", "code"), [("telling", 0), ("telling_and_failing", 6)], ids=["passes", "fails"]
)
def test_what_a_training_tells_of_a_key_is_kept_nowhere(
    cloud: Rehearsal, home: Home, run: CommandLine, local_training: None, training: str, code: int
) -> None:
    home.edit("environments/dev.yaml", only_base)
    home.edit("environments/dev.yaml", with_training(training))
    ended = run("up", "--env", "dev", "--json")
    assert ended.code == code, ended.err
    secrets = private_keys()
    assert len(secrets) == 1
    assert leaks(secrets, home, ended.out, ended.err) == []
    debugged = run("up", "--env", "dev", "--debug")
    assert debugged.code == code, debugged.err
    bucket = owner(cloud).list_blobs("acme-ml-dev-zenml-dev")
    stored = [as_text(blob.download_as_bytes(raw_download=True)) for blob in bucket]
    assert stored
    assert leaks(secrets, home, debugged.out, debugged.err, *stored) == []


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
