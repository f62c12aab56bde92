"""Lease and state in the bucket: one run at a time, and no plan on a state that isn't the last."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.e2e.google_cloud import alive, buckets, owner, told
from tests.environments import only_base
from zenstrap.lease import Lease
from zenstrap.lease.process import ProcessIdentity
from zenstrap.platforms.gcp.storage.lease_store import GcsLeaseStore
from zenstrap_rehearsal import Rehearsal

pytestmark = pytest.mark.slow  # whole runs against the double of Google Cloud

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
    state = content(bucket)

    damages: tuple[Callable[[Any], None], ...] = (gone, emptied, older)
    for damage in damages:
        good = bucket.get_blob(OBJECT).generation
        damage(bucket)
        stopped = run("up", "--env", "dev", "--json")
        assert stopped.code == 1, (damage.__name__, stopped.err)
        assert stopped.json["failure"]["step"] in ("owner", "plan")
        assert "nothing was changed" in stopped.json["failure"]["now"]
        assert snapshot() == before and alive(cloud) == made
        # The bucket has it as an earlier version, which is as new as the last record.
        recovered = run("recover", "--env", "dev", "--json")
        assert recovered.code == 0, recovered.err
        assert f"#{good}" in recovered.json["done"][0]
        assert content(bucket) == state

    # On another machine, or after this one lost what it had.
    shutil.rmtree(home.state)
    again = run("up", "--env", "dev", "--json")
    assert again.code == 0, again.err
    assert again.json["plan"]["empty"] is True
    assert snapshot() == before and alive(cloud) == made
    assert buckets(cloud) == {STATE, "acme-ml-dev-zenml-dev"}


def test_a_place_that_was_changed_is_recognised(
    cloud: Rehearsal, home: Home, dev: None, run: CommandLine
) -> None:
    """Before anything is made there, a bucket among it."""
    up = run("up", "--env", "dev", "--json")
    assert up.code == 0, up.err
    before, made, there = snapshot(), alive(cloud), buckets(cloud)
    for changed in ({"bucket": "another-tfstate"}, {"bucket": STATE, "prefix": "other"}):
        home.edit("environments/dev.yaml", lambda c, to=changed: c.update(state=to))
        for words in (["up", "--yes"], ["plan"]):
            stopped = run(*words, "--env", "dev", "--json")
            assert stopped.code == 1 and f"gs://{STATE}/{OBJECT}" in told(stopped), stopped.err
            assert "state.bucket" in told(stopped)
        assert (snapshot(), alive(cloud), buckets(cloud)) == (before, made, there)
    home.edit("environments/dev.yaml", lambda c: c.update(state={"bucket": STATE}))
    assert run("plan", "--env", "dev").code == 0


@pytest.mark.parametrize("then", ["up", "down"])
def test_a_state_that_is_lost_for_good(
    cloud: Rehearsal, then: str, dev: None, run: CommandLine
) -> None:
    up = run("up", "--env", "dev", "--json")
    assert up.code == 0, up.err
    before, made = snapshot(), set(alive(cloud))
    bucket = owner(cloud).bucket(STATE)
    for blob in bucket.client.list_blobs(bucket, versions=True):
        blob.delete()
    stopped = run(then, "--env", "dev", "--yes", "--json")
    assert stopped.code == 1 and "recover" in told(stopped)
    refused = run("recover", "--env", "dev", "--json")
    assert refused.code == 5 and snapshot() == before and set(alive(cloud)) == made
    assert run("recover", "--env", "dev", "--forget", "dev").code == 0

    went_on = run(then, "--env", "dev", "--yes", "--json")
    assert went_on.code == 0, went_on.err
    if then == "up":
        assert snapshot()["stacks"].keys() == before["stacks"].keys()
        assert {one for one in made if "/keys/" not in one} <= set(alive(cloud))
        assert run("up", "--env", "dev", "--json").json["plan"]["empty"]
    else:
        assert snapshot()["stacks"].keys() == {"default"}
        assert buckets(cloud) == {STATE}


@pytest.mark.parametrize("gone_too", [True, False])
def test_a_state_and_zenmls_database_that_are_lost(
    cloud: Rehearsal, home: Home, dev: None, run: CommandLine, gone_too: bool
) -> None:
    """What carries an owner's mark tells it: no second owner is created, nor a bucket."""
    up = run("up", "--env", "dev", "--json")
    assert up.code == 0, up.err
    made = set(alive(cloud))
    bucket = owner(cloud).bucket(STATE)
    (first,) = {owner(cloud).get_bucket("acme-ml-dev-zenml-dev").labels["zenstrap_owner"]}
    for blob in bucket.client.list_blobs(bucket, versions=True):
        blob.delete()
    if gone_too:
        bucket.delete()
    there = buckets(cloud)
    shutil.rmtree(home.zenml)
    for verb in ("up", "plan", "down"):
        stopped = run(verb, "--env", "dev", "--json")
        assert stopped.code == 1 and first in told(stopped), (verb, stopped.err)
        assert stopped.json["failure"]["command"] == "python run.py recover --env dev"
    assert first in run("status", "--env", "dev").out
    assert buckets(cloud) == there and set(alive(cloud)) == made
    assert run("recover", "--env", "dev", "--json").code == 5
    assert run("recover", "--env", "dev", "--forget", "dev").code == 0
    planned = run("plan", "--env", "dev", "--json")
    assert planned.code == 2, planned.err  # and what is there is taken over, as its owner's
    assert any("bucket acme-ml-dev-zenml-dev" in one for one in planned.json["plan"]["notices"])
