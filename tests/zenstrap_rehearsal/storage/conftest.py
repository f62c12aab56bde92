from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from zenstrap_rehearsal.faults import Faults
from zenstrap_rehearsal.storage import StorageServer

if TYPE_CHECKING:
    from google.cloud.storage import Client

# Or gcsfs asks Google by gRPC for the kind of every bucket; read when it is first imported.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"

OWNER = "owner-token"
FRAUD = "fraud@p.iam.gserviceaccount.com"
ACCOUNTS = {OWNER: "owner", "fraud-token": FRAUD}
UNIFORM = {"uniformBucketLevelAccess": {"enabled": True}}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StorageServer]:
    """A running storage server; slow faults take no time."""
    with StorageServer(tmp_path, ACCOUNTS.get, faults=Faults(lambda seconds: None)) as running:
        yield running


@pytest.fixture
def owner(server: StorageServer) -> Caller:
    return Caller(server.url, OWNER)


@pytest.fixture
def fraud(server: StorageServer) -> Caller:
    """The service account of the ML project fraud; it may do nothing yet."""
    return Caller(server.url, "fraud-token")


@pytest.fixture
def google(server: StorageServer) -> Callable[[str], Client]:
    """google-cloud-storage's client, as whoever a token belongs to."""

    def connect(token: str = OWNER) -> Client:
        from google.cloud.storage import Client
        from google.oauth2.credentials import Credentials

        return Client(
            project="p",
            credentials=Credentials(token),
            client_options={"api_endpoint": server.url},
        )

    return connect
