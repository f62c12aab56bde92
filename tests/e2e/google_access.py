"""Ways into Google Cloud, and what shows which one a stack takes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.command_line import Ended
from zenstrap_rehearsal import Rehearsal

ACCOUNT = "zenml-dev@acme-ml-dev.iam.gserviceaccount.com"


WORKLOAD_IDENTITY = {
    "method": "external-account",
    "subject_token": "file:/var/run/secrets/tokens/gcp",
    "workload_identity": {"oidc_issuer": "https://oidc.acme.example/dev", "values": ["dev"]},
}


def auth(section: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        config["auth"] = section

    return change


def smoke_tests(ended: Ended) -> list[str]:
    """The stacks whose smoke test ran, passed or not."""
    return [step["subject"] for step in ended.json["steps"] if step["step"] == "smoke_test"]


def connectors() -> dict[str, str]:
    """The connector of each component that has one, by the component's name."""
    from zenml.client import Client

    found = Client().list_stack_components(size=100, hydrate=True).items
    return {one.name: one.connector.name for one in found if one.connector}


def machine(cloud: Rehearsal, folder: Path) -> Path:
    """Credentials of a machine that has the environment's service account as its own."""
    key = cloud.cloud.call(
        "iam", "POST", f"v1/projects/acme-ml-dev/serviceAccounts/{ACCOUNT}/keys", token=None
    )
    file = folder / "machine.json"
    file.write_bytes(base64.b64decode(key["privateKeyData"]))
    return file
