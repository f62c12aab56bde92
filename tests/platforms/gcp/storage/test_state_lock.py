"""Whose lock on the state it is: a pure rule, and the object that Terraform leaves behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.platforms.gcp.storage.conftest import client_at
from zenstrap.events import Event
from zenstrap.lease import DeadOwner
from zenstrap.platforms.gcp.storage.state_lock import GcsStateLocks
from zenstrap.state_lock import StateLock, free_dead_locks, is_ours_and_dead, lock_in

BUCKET = "acme-tfstate"
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DEAD = DeadOwner("ada", "laptop", START, START + timedelta(minutes=5))


def content(who: str = "ada@laptop", created: str = "2026-11-22T12:01:00.123456789Z") -> bytes:
    """As Terraform writes it: time in nanoseconds."""
    return json.dumps(
        {
            "ID": "1795348800000000",
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": who,
            "Version": "1.11.4",
            "Created": created,
            "Path": "gs://acme-tfstate/zenstrap/dev/dev.tflock",
        }
    ).encode()


def lock(who: str = "ada@laptop", seconds: float = 60) -> StateLock:
    return StateLock("gs://b/l", "dev", 1, who, START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("held", "dead", "free"),
    [
        (lock(), (DEAD,), True),
        (lock(seconds=0), (DEAD,), True),
        (lock(seconds=300), (DEAD,), True),
        (lock(seconds=-1), (DEAD,), False),
        (lock(seconds=301), (DEAD,), False),
        (lock("grace@laptop"), (DEAD,), False),
        (lock("ada@server"), (DEAD,), False),
        (lock(), (), False),
        (lock(), (DeadOwner("grace", "laptop", START, START + timedelta(hours=1)), DEAD), True),
        (lock("@pod"), (DeadOwner("uid 1000", "pod", START, DEAD.until),), True),
        (lock_in(b"", "gs://b/l", "dev", 1), (DEAD,), False),
        (lock_in(b"[1]", "gs://b/l", "dev", 1), (DEAD,), False),
        (lock_in(content(created="yesterday"), "gs://b/l", "dev", 1), (DEAD,), False),
        (lock_in(content(), "gs://b/l", "dev", 1), (DEAD,), True),
    ],
)
def test_only_a_lock_from_the_time_of_a_dead_run_is_freed(
    held: StateLock, dead: tuple[DeadOwner, ...], free: bool
) -> None:
    assert is_ours_and_dead(held, dead) is free


@pytest.fixture
def client(storage_url: str) -> Any:
    client = client_at(storage_url)
    if not client.bucket(BUCKET).exists():
        client.create_bucket(BUCKET)
    for blob in client.bucket(BUCKET).list_blobs():
        blob.delete()
    return client


@pytest.mark.parametrize("workspace", ["dev", "default"])
def test_a_dead_runs_lock_goes_and_is_told(client: Any, workspace: str) -> None:
    blob = client.bucket(BUCKET).blob(f"zenstrap/dev/{workspace}.tflock")
    blob.upload_from_string(content())
    other = client.bucket(BUCKET).blob("zenstrap/prod/prod.tflock")
    other.upload_from_string(content())
    told: list[Event] = []
    free_dead_locks(GcsStateLocks(client, BUCKET, "zenstrap/dev"), "dev", [DEAD], told.append)
    assert [one.name for one in client.list_blobs(BUCKET)] == [other.name]
    assert len(told) == 1


def test_another_lock_in_between_is_left_alone(client: Any) -> None:
    locks = GcsStateLocks(client, BUCKET, "zenstrap/dev")
    blob = client.bucket(BUCKET).blob("zenstrap/dev/dev.tflock")
    assert locks.read("dev") is None
    blob.upload_from_string(content())
    old = locks.read("dev")
    assert old and old.who == "ada@laptop" and old.operation == "OperationTypeApply"
    blob.upload_from_string(content("grace@server"))
    assert locks.free(old) is False
    assert blob.exists()
    new = locks.read("dev")
    assert new and locks.free(new) is True
    assert not blob.exists()
    assert locks.free(new) is False
