"""Lease and state in the bucket: one run at a time, and no plan on a state that isn't the last."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.registry_state import snapshot
from tests.cli.test_up import only_base
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import alive, buckets, owner, told
from zenstrap.lease import Lease
from zenstrap.lease.process import ProcessIdentity
from zenstrap.rehearsal import Rehearsal
from zenstrap.storage.lease_store import GcsLeaseStore

STATE, OBJECT = "acme-ml-dev-tfstate", "zenstrap/dev/dev.tfstate"
ELSEWHERE = ProcessIdentity(host="build-7", machine="another", pid=7, started="1")


@pytest.fixture
def dev(cloud: Rehearsal, home: Home, local_training: None) -> None:
    home.edit("environments/dev.yaml", only_base)


def test_one_run_at_a_time(cloud: Rehearsal, dev: None, run: CommandLine) -> None:
    owner(cloud).create_bucket(STATE, project="acme-ml-dev", location="europe-west1")
    store = GcsLeaseStore(owner(cloud), STATE, "zenstrap")
    with Lease.acquire(store, "dev", "up", me=ELSEWHERE, heartbeat=None):
        for verb in ("up", "plan", "down"):
            held = run(verb, "--env", "dev")
            assert held.code == 4 and "build-7" in held.err
        status = run("status", "--env", "dev", "--json")
        assert status.json["environments"][0]["lease"]["host"] == "build-7"
    assert alive(cloud) == []
    assert run("plan", "--env", "dev").code == 2

    # Nobody has heard of that owner since yesterday.
    yesterday = datetime.now(UTC) - timedelta(days=1)
    Lease.acquire(store, "dev", "up", me=ELSEWHERE, heartbeat=None, clock=lambda: yesterday)
    assert run("plan", "--env", "dev").code == 2
    assert store.read("dev") is None


def gone(bucket: Any) -> None:
    bucket.delete_blob(OBJECT)


def emptied(bucket: Any) -> None:
    bucket.blob(OBJECT).upload_from_string(b"")


def older(bucket: Any) -> None:
    versions = bucket.client.list_blobs(bucket, prefix=OBJECT, versions=True)
    first = min(versions, key=lambda one: one.generation)
    bucket.copy_blob(first, bucket, OBJECT, source_generation=first.generation)


def content(bucket: Any) -> bytes:
    found: bytes = bucket.blob(OBJECT).download_as_bytes()
    return found


def test_a_state_that_is_not_the_last_one(
    cloud: Rehearsal, home: Home, dev: None, run: CommandLine
) -> None:
    up = run("up", "--env", "dev", "--json")
    assert up.code == 0, up.err
    before, made = snapshot(), alive(cloud)
    bucket = owner(cloud).bucket(STATE)
    state, good = content(bucket), bucket.get_blob(OBJECT).generation

    damages: tuple[Callable[[Any], None], ...] = (gone, emptied, older)
    for damage in damages:
        damage(bucket)
        stopped = run("up", "--env", "dev", "--json")
        assert stopped.code == 1, (damage.__name__, stopped.err)
        assert stopped.json["failure"]["step"] in ("owner", "plan")
        assert "nothing was changed" in stopped.json["failure"]["now"]
        assert snapshot() == before and alive(cloud) == made
        put_back(bucket, told(stopped), good)
        assert content(bucket) == state

    # On another machine, or after this one lost what it had.
    shutil.rmtree(home.state)
    again = run("up", "--env", "dev", "--json")
    assert again.code == 0, again.err
    assert again.json["plan"]["empty"] is True
    assert snapshot() == before and alive(cloud) == made
    assert buckets(cloud) == {STATE, "acme-ml-dev-zenml-dev"}


def put_back(bucket: Any, advice: str, generation: int) -> None:
    """Do what the error says, with the client that is here instead of gcloud."""
    found = re.search(r"gcloud storage cp (gs://\S+)#GENERATION (gs://[^\s;`]+)", advice)
    assert found and found[1] == found[2] == f"gs://{STATE}/{OBJECT}", advice
    bucket.copy_blob(bucket.blob(OBJECT), bucket, OBJECT, source_generation=generation)
